# For `load httpd/server`: a kvm-mjpeg-httpd(1) with frames, and curl. server.py is the same for tests in
# Python, which have a WebSocket client too.
load common

HTTPD=$BATS_TEST_DIRNAME/httpd

# start [ARGS...]: starts the server on $LISTEN with the frames of `feed $FEED`. Its actions go to $OUT,
# its stderr to $ERR; sets URL, PORT, SERVER and FEEDER. FEED="by hand": the test writes the frames to
# descriptor 8.
start() {
	: "${OUT:=$BATS_TEST_TMPDIR/out}"
	ERR=$BATS_TEST_TMPDIR/err
	local frames=$BATS_TEST_TMPDIR/frames
	: >"$ERR" # an earlier server's address must be gone before served_at() looks
	rm -f "$frames" # an earlier feeder may still write to it
	mkfifo "$frames"
	kvm-mjpeg-httpd -l "${LISTEN:-127.0.0.1:0}" "$@" <"$frames" >"$OUT" 2>"$ERR" 3>&- &
	SERVER=$!
	if [ "${FEED-}" = "by hand" ]; then
		exec 8>"$frames"
	else
		# shellcheck disable=SC2086  # split into words
		"$HTTPD/feed" ${FEED-} >"$frames" 3>&- &
		FEEDER=$!
	fi
	served_at "$ERR"
	[[ ${FEED-} == *state* || ${FEED-} == "by hand" ]] || eventually frame_there
}
# served_at FILE: waits until the server's stderr, FILE, names its address; sets URL and PORT.
served_at() {
	eventually grep -q '://\|unix:' "$1"
	URL=$(sed -n 's/^kvm-mjpeg-httpd: \(http.*\)\/$/\1/p' "$1" | head -1)
	PORT=${URL##*:}
}
# watch FRAMES PATH [CURL ARGS...]: saves a stream to $SEEN until that number of frames is there.
watch() {
	view "${@:2}"
	eventually eval "[ \$(parts) -ge $1 ]"
	stop $VIEWER
}
# view PATH [CURL ARGS...]: starts $VIEWER, which saves a stream to $SEEN.
view() {
	SEEN=$BATS_TEST_TMPDIR/seen
	: >"$SEEN"
	curl -skN -o "$SEEN" "$URL$1" "${@:2}" 3>&- &
	VIEWER=$!
}
# parts: prints the number of whole frames in $SEEN: those followed by a boundary.
parts() { echo $(($(grep -ac '^--kvm-[0-9a-f]' "$SEEN") - 1)); }
# frame_there: succeeds when the server has a frame, or wants a login first.
frame_there() { [ "$(http_status /snapshot)" != 503 ]; }
# state_is PATH VALUE: checks the value of a member of /state (json_is).
state_is() { curl -s "$URL/state" | json_is "$@"; }
teardown() { sweep; }
# http_status PATH [CURL ARGS...]: prints the status of an answer.
http_status() {
	local path=$1
	shift
	# curl sends a large body only when the server has asked for it.
	curl -sk -o /dev/null -w '%{http_code}' --expect100-timeout 120 "$@" "$URL$path"
}
passwords() {
	PASSWORDS=$BATS_TEST_TMPDIR/passwords
	local hash
	hash=$(openssl passwd -6 -salt abcdefgh secret)
	printf 'ann:%s:control\nbob:%s:view\n' "$hash" "$hash" >"$PASSWORDS"
}
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$BATS_TEST_TMPDIR/key.pem" -out "$BATS_TEST_TMPDIR/cert.pem" 2>/dev/null
}
