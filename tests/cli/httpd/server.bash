# For `load httpd/server`: a kvm-mjpeg-httpd(1) with frames, curl, and a WebSocket client (ws.py).
load common

HTTPD=$BATS_TEST_DIRNAME/httpd

# start [ARGS...]: the server on $LISTEN with frames of the options $FEED, its actions in $OUT, its
# words in $ERR; sets URL. FEED="by hand": what is written to descriptor 8 are its frames.
start() {
	: "${OUT:=$BATS_TEST_TMPDIR/out}"
	ERR=$BATS_TEST_TMPDIR/err
	local frames=$BATS_TEST_TMPDIR/frames
	: >"$ERR" # now: an earlier server's words are not this one's
	rm -f "$frames" # nor is what an earlier feeder still writes its frames
	mkfifo "$frames"
	kvm-mjpeg-httpd -l "${LISTEN:-127.0.0.1:0}" "$@" <"$frames" >"$OUT" 2>"$ERR" 3>&- &
	SERVER=$!
	if [ "${FEED-}" = "by hand" ]; then
		exec 8>"$frames"
	else
		# shellcheck disable=SC2086  # words are meant
		"$HTTPD/feed" ${FEED-} >"$frames" 3>&- &
		FEEDER=$!
	fi
	served_at "$ERR"
	[[ ${FEED-} == *state* || ${FEED-} == "by hand" ]] || eventually frame_there
}
# served_at FILE: waits until the server says in FILE where it is; sets URL and PORT.
served_at() {
	eventually grep -q '://\|unix:' "$1"
	URL=$(sed -n 's/^kvm-mjpeg-httpd: \(http.*\)\/$/\1/p' "$1" | head -1)
	PORT=${URL##*:}
}
# watch FRAMES PATH [CURL ARGS...]: what a stream sends until so many are there, in $SEEN.
watch() {
	view "${@:2}"
	eventually eval "[ \$(parts) -ge $1 ]"
	stop $VIEWER
}
# view PATH [CURL ARGS...]: a stream goes to $SEEN, while $VIEWER runs.
view() {
	SEEN=$BATS_TEST_TMPDIR/seen
	: >"$SEEN"
	curl -skN -o "$SEEN" "$URL$1" "${@:2}" 3>&- &
	VIEWER=$!
}
# Frames in $SEEN that are whole: with the boundary behind them.
parts() { echo $(($(grep -ac '^--boundarydonotcross' "$SEEN") - 1)); }
# begin_of PATH: the answer's head and what follows it, in $output.
begin_of() {
	run bash -c "curl -siN '$URL$1' | head -c 700 | tr -d '\\0'"
}
# A frame has come, or the door is closed.
frame_there() { [ "$(http_status /snapshot)" != 503 ]; }
# The server has seen that all are gone, and nobody has control.
nobody_looks() { curl -s "$URL/state" | grep -q '"viewers":0,'; }
teardown() { sweep; }
# http_status PATH [CURL ARGS...]: prints it.
http_status() {
	local path=$1
	shift
	# A large body is not sent before the server has said that it wants it, or not.
	curl -sk -o /dev/null -w '%{http_code}' --expect100-timeout 30 "$@" "$URL$path"
}
# py: a Python script with ws.py and frames.py at hand; PORT, OUT and URL are in the environment.
py() {
	PYTHONPATH=$HTTPD SERVER=$SERVER PORT=$PORT URL=$URL OUT=$OUT timeout 120 python3 -c "$(cat <<'END'
import base64, http.client, json, os, re, socket, subprocess, sys, threading, time, urllib.request
from frames import facts, frame
from ws import WebSocket
port, out, url = int(os.environ["PORT"]), os.environ["OUT"], os.environ["URL"]
def lines(): return open(out).read().splitlines()
def wait(test):
    """What it is when it comes to hold. The limit is for what hangs, not for what is slow."""
    end = time.time() + 30
    while not (got := test()):
        assert time.time() < end, lines()
        time.sleep(0.01)
    return got
def get(path, headers={}): return urllib.request.urlopen(urllib.request.Request(url + path, headers=headers)).read().decode()
def state(**headers): return json.loads(get("/state", headers))["result"]
def metric(name): return float(re.search(rf"^{name} (.*)$", get("/metrics"), re.M)[1])
def show(number):
    """By hand: the server has this frame when it returns."""
    before = metric("kvm_frames_total")
    os.write(8, frame(number, facts(number)))
    wait(lambda: metric("kvm_frames_total") > before)
def console(**headers):
    ws = WebSocket("127.0.0.1", port, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert ws.status == 101, ws.status
    return ws
END
)
$(cat)"
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
