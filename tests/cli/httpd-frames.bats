#!/usr/bin/env bats
# kvm-mjpeg-httpd(1) from the outside: frames in, and to viewers.
load httpd/server

@test "bare and multipart input is served alike" {
	for FEED in "" --multipart; do
		start
		curl -sf "$URL/snapshot" -o "$BATS_TEST_TMPDIR/shot.jpg"
		[ "$(ffprobe -v error -show_entries stream=codec_name,width,height -of csv=p=0 "$BATS_TEST_TMPDIR/shot.jpg")" = mjpeg,64,32 ]
		stop $SERVER 0
	done
}

@test "garbage and cut frames on stdin: said once, counted, the good ones served" {
	"$HTTPD/feed" --count 1 >"$BATS_TEST_TMPDIR/one"
	FEED="by hand" start
	{ cat "$BATS_TEST_TMPDIR/one"; echo noise; head -c 230 "$BATS_TEST_TMPDIR/one"; cat "$BATS_TEST_TMPDIR/one"; } >&8
	metric() { curl -s "$URL/metrics" | grep -F "$1 $2"; }
	eventually metric kvm_frames_total 2
	curl -s "$URL/metrics" | grep -q 'dropped_total{reason="garbage"} 1'
	curl -s "$URL/metrics" | grep -q 'dropped_total{reason="truncated"} 1'
	[ "$(grep -c 'skipped bytes' "$ERR")" = 1 ]
}

@test "the end of the input is the end of the server: 0, viewers are told" {
	start
	view /stream
	eventually eval '[ $(parts) -gt 3 ]'
	kill $FEEDER
	ends_with 0 $SERVER
	ends_with 0 $VIEWER
}

@test "a terminal for stdin: 64 and what to do" {
	run script -qec "kvm-mjpeg-httpd -l 127.0.0.1:0" /dev/null </dev/null
	status_is 64
	[[ $output == *"pipe frames in"* ]]
}

@test "an address in use: 69; a bad one: 64" {
	start
	run --separate-stderr kvm-mjpeg-httpd -l "127.0.0.1:$PORT" </dev/null
	status_is 69
	one_line kvm-mjpeg-httpd
	for bad in 8080 :8080 127.0.0.1: 127.0.0.1:x 127.0.0.1:99999 ::1:80 unix:; do
		run --separate-stderr kvm-mjpeg-httpd -l "$bad" </dev/null
		status_is 64
	done
}

@test "/stream?fps= caps the rate, and refuses nonsense" {
	start
	local began=${EPOCHREALTIME/./}
	watch 10 "/stream?fps=5"
	# The first frame comes at once; the next may come early to make up for a late one. Each may be
	# repeated, if the source pauses.
	(($(parts) <= 2 * (3 + (${EPOCHREALTIME/./} - began) / 200000)))
	watch 1 "/stream?fps=1e-300"
	for bad in x -1 nan 1e9; do [ "$(http_status "/stream?fps=$bad")" = 400 ]; done
}

@test "frames that do not change are sent once a second, after the first 30" {
	FEED="--same" start
	local began=${EPOCHREALTIME/./}
	watch 33 /stream
	(($(parts) <= 31 + (${EPOCHREALTIME/./} - began) / 1000000))
}

@test "a stream of ours is another's input" {
	start
	kvm-mjpeg-httpd -l 127.0.0.1:0 < <(curl -sN "$URL/stream" 3>&-) >/dev/null 2>"$BATS_TEST_TMPDIR/relay" 3>&- &
	local relay=$!
	served_at "$BATS_TEST_TMPDIR/relay"
	eventually curl -sf -D "$BATS_TEST_TMPDIR/head" -o "$BATS_TEST_TMPDIR/shot" "$URL/snapshot"
	# The capture time survives the relay.
	local time
	time=$(grep -aoE 'kvm t=[0-9]+' "$BATS_TEST_TMPDIR/shot" | cut -d= -f2)
	tr -d '\r' <"$BATS_TEST_TMPDIR/head" | grep -x "X-Kvm-Time: $time"
	stop $relay 0
}

@test "/snapshot: fresh enough, worth waiting for, not modified, not live" {
	start
	[ "$(http_status '/snapshot?max_age=20&wait=20')" = 200 ]
	[ "$(http_status '/snapshot?max_age=0')" = 503 ]
	for bad in max_age=x max_age=-1 wait=100; do [ "$(http_status "/snapshot?$bad")" = 400 ]; done
	stop $SERVER 0
	FEED=--same start
	tag=$(curl -si "$URL/snapshot" | tr -d '\r' | awk 'tolower($1) == "etag:" { print $2 }')
	[ "$(http_status /snapshot -H "If-None-Match: $tag")" = 304 ]
	stop $SERVER 0
	FEED="--state no-signal" start
	eventually bash -c "curl -s $URL/snapshot | grep -q no-signal"
	[ "$(http_status /snapshot)" = 503 ]
}

@test "a hundred snapshots at once come from one frame or two" {
	start
	curl -s --parallel --parallel-immediate --parallel-max 100 \
		$(for i in $(seq 100); do echo "$URL/snapshot -o $BATS_TEST_TMPDIR/shot.$i"; done)
	[ "$(find "$BATS_TEST_TMPDIR" -name 'shot.*' -size +0 | wc -l)" = 100 ]
}
