#!/usr/bin/env bats
# kvm-mjpeg-httpd(1) from the outside: curl, and a WebSocket client of forty lines (httpd/ws.py).
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
# status PATH [CURL ARGS...]: the HTTP status.
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

# ---- frames ----

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
	eventually bash -c "curl -s $URL/metrics | grep -q '^kvm_frames_total 2'"
	curl -s "$URL/metrics" | grep -q 'dropped_total{reason="garbage"} 1'
	curl -s "$URL/metrics" | grep -q 'dropped_total{reason="truncated"} 1'
	[ "$(grep -c 'passed over' "$ERR")" = 1 ]
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

@test "/stream: every part tells its time, ends with the next boundary, and ffmpeg reads it" {
	FEED="by hand" start
	run py <<'END'
s = socket.create_connection(("127.0.0.1", port), 30)
s.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
for n in range(10):
    comment = facts(n)
    picture = frame(n, comment)
    os.write(8, picture)
    data = b""
    # Whole, with nothing behind the boundary, before there is another frame.
    while picture not in data or not data.endswith(b"\xff\xd9\r\n--boundarydonotcross\r\n"):
        got = s.recv(65536)
        assert got, data
        data += got
    assert b"X-Kvm-Time: %s\r\n" % comment.split()[1][2:] in data, (comment, data)
END
	status_is 0
	stop $SERVER 0
	start
	watch 20 /stream
	[ "$(ffprobe -v error -f mpjpeg -count_frames -show_entries stream=nb_read_frames -of csv=p=0 "$SEEN")" -ge 20 ]
}

@test "/stream?fps= caps the rate, and refuses nonsense" {
	start
	local began=${EPOCHREALTIME/./}
	watch 10 "/stream?fps=5"
	# The first at once, the next as if it had been in time.
	(($(parts) <= 3 + (${EPOCHREALTIME/./} - began) / 200000))
	for bad in x -1 nan 1e9; do [ "$(http_status "/stream?fps=$bad")" = 400 ]; done
}

@test "frames that do not change are sent once a second only" {
	FEED="--same" start
	local began=${EPOCHREALTIME/./}
	watch 4 /stream
	(($(parts) <= 1 + (${EPOCHREALTIME/./} - began) / 1000000))
}

@test "a stream of ours is another's input" {
	start
	kvm-mjpeg-httpd -l 127.0.0.1:0 < <(curl -sN "$URL/stream" 3>&-) >/dev/null 2>"$BATS_TEST_TMPDIR/relay" 3>&- &
	local relay=$!
	served_at "$BATS_TEST_TMPDIR/relay"
	eventually curl -sf -D "$BATS_TEST_TMPDIR/head" -o "$BATS_TEST_TMPDIR/shot" "$URL/snapshot"
	# The time of the first pixel survives.
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

@test "/state has uStreamer's layout and ours, the old addresses work" {
	start --title "web 1"
	view "/stream?key=me"
	eventually test -s "$SEEN"
	curl -s "$URL/state" | grep -q '"ok":true'
	run py <<'END'
def busy():
    """The state, when there were frames in the last second."""
    r = state()
    rates = [client["fps"] for client in r["stream"]["clients_stat"].values()] + [r["source"]["captured_fps"]]
    return r if min(rates) > 0 else None
r = wait(busy)
assert r["source"]["resolution"] == {"width": 64, "height": 32} and r["source"]["online"] is True
assert r["stream"]["clients"] == 1 and r["stream"]["queued_fps"] > 0 and r["encoder"]["type"] == "CPU"
assert 0 < r["encoder"]["quality"] <= 100 and r["source"]["desired_fps"] == 0
(name, client), = r["stream"]["clients_stat"].items()
assert len(name) == 16 and client["key"] == "me" and client["zero_data"] is False
assert r["kvm"]["title"] == "web 1" and r["kvm"]["source"] == "live"
END
	status_is 0
	stop $VIEWER
	# What PiKVM's page, kvmd and its VNC server go by.
	for path in "/snapshot" "/stream?extra_headers=1&key=a-Key_1"; do
		begin_of "$path"
		for line in "x-timestamp: [0-9.]*" "x-ustreamer-online: true" "x-ustreamer-width: 64" "x-ustreamer-height: 32"; do
			grep -aqix "$line." <<<"$output"
		done
	done
	grep -aqi '^set-cookie: stream_client=a-Key_1/[0-9a-f]\{16\};' <<<"$output"
	begin_of "/stream?key=a%0d%0aX-Evil:1"
	run ! grep -aqi '^set-cookie\|^x-evil' <<<"$output"
	[ "$(http_status '/?action=snapshot')" = 200 ]
	watch 5 "/?action=stream"
}

@test "/metrics is Prometheus text" {
	start
	watch 1 /stream
	curl -s "$URL/metrics" | python3 -c '
import re, sys
for line in sys.stdin:
    assert re.match(r"(# (HELP|TYPE) kvm_\w+ .+|kvm_\w+(\{\w+=\"[^\"]*\"\})? [-+.e0-9]+)$", line.rstrip("\n")), line'
	curl -s "$URL/metrics" | grep -q '^kvm_streams_total 1'
}

@test "a viewer that stops reading is dropped, and slows nobody" {
	FEED="--pad 200000" start --stall-timeout 5
	run py <<'END'
slow = socket.socket()
slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
slow.connect(("127.0.0.1", port))
slow.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
fast, seen = urllib.request.urlopen(url + "/stream"), 0
def read():
    global seen
    while chunk := fast.read1(1 << 16): seen += chunk.count(b"X-Kvm-Time")
threading.Thread(target=read, daemon=True).start()
wait(lambda: metric("kvm_stalled_viewers_total") == 1)
assert seen > 10, seen
before = seen
wait(lambda: seen > before + 10)
assert metric("kvm_stalled_viewers_total") == 1
END
	status_is 0
}

@test "over TLS, too, a viewer that stops reading is dropped; one that waits for frames is not" {
	certificate localhost
	FEED="by hand" start --stall-timeout 2 --tls-cert "$BATS_TEST_TMPDIR/cert.pem" --tls-key "$BATS_TEST_TMPDIR/key.pem"
	run py <<'END'
import ssl
tls = ssl._create_unverified_context()
urllib.request.install_opener(urllib.request.build_opener(urllib.request.HTTPSHandler(context=tls)))
def viewer(room):
    s = socket.socket()
    if room: s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    s.settimeout(60)
    s.connect(("127.0.0.1", port))
    s = tls.wrap_socket(s)
    s.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert s.recv(12) == b"HTTP/1.1 200"
    return s
patient = viewer(0)
time.sleep(3)  # longer than the limit, without a frame
show(0)
got = b""
while b"X-Kvm-Sequence: 0" not in got:
    got += (some := patient.recv(1 << 16))
    assert some
slow, n = viewer(4096), 0
def stalls():
    global n
    n += 1
    os.write(8, frame(n, facts(n) + b" " * 60000))
    return metric("kvm_stalled_viewers_total") > 0
def read():
    while patient.recv(1 << 16): pass
threading.Thread(target=read, daemon=True).start()
wait(stalls)
wait(lambda: state()["stream"]["clients"] == 1)
assert metric("kvm_stalled_viewers_total") == 1
END
	status_is 0
}

@test "viewers that go between frames leave no socket behind, and no word on stderr" {
	certificate localhost
	OUT=/dev/null
	for tls in "" "--tls-cert $BATS_TEST_TMPDIR/cert.pem --tls-key $BATS_TEST_TMPDIR/key.pem"; do
		# shellcheck disable=SC2086  # words are meant
		FEED="by hand" start $tls # and no frame ever comes
		run py <<'END'
import ssl
WS = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YQ==\r\n"
tls = ssl._create_unverified_context()
def connect():
    s = socket.create_connection(("127.0.0.1", port), 30)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return tls.wrap_socket(s) if os.environ["URL"].startswith("https") else s
def viewer(path, more, status):
    s = connect()
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n".encode())
    got = b""
    while b"\r\n\r\n" not in got:
        got += (one := s.recv(1))
        assert one, got
    assert got.startswith(b"HTTP/1.1 %d" % status), got
    return s
def ends():
    """The states of the server's ends of connections, as /proc/net/tcp tells them (01: open, 08: CLOSE_WAIT)."""
    rows = [line.split() for line in open("/proc/net/tcp").readlines()[1:]]
    return [row[3] for row in rows if row[1] == f"0100007F:{port:04X}" and row[3] in ("01", "08")]
for who in ("/stream", "", 200), ("/ws", WS, 101):
    viewers = [viewer(*who) for _ in range(50)]
    wait(lambda: ends() == ["01"] * 50)  # the kernel's list may miss one while others change
    for one in viewers: one.close()
    wait(lambda: not ends())
END
		status_is 0
		[ "$(wc -l <"$ERR")" = 1 ]
		exec 8>&-
		ends_with 0 $SERVER
	done
}

@test "--idle reads nothing while nobody looks, and then what is fresh" {
	start --idle
	frames_total() { curl -s "$URL/metrics" | awk '/^kvm_frames_total/ { print $2 }'; }
	rests() {
		local before
		before=$(frames_total)
		sleep 1
		[ "$(frames_total)" = "$before" ]
	}
	eventually rests # our last look is 5 s ago
	run py <<'END'
began = time.time()
ws = console()
head, _ = ws.picture()
ws.ack(head["id"])
head, _ = ws.picture()
assert head["time"] / 1e6 > began, head["time"] / 1e6 - began
END
	status_is 0
}

# ---- the tile channel ----

@test "/ws: a whole picture, then only the tiles that changed" {
	FEED="by hand" start
	run py <<'END'
show(0)
ws = console()
head, tiles = ws.picture()
assert head["flags"] & 1 and tiles[0][:4] == (0, 0, 64, 32)
for i in range(5):
    ws.ack(head["id"])
    show(i + 1)
    head, tiles = ws.picture()
    assert not head["flags"] & 1
    assert all(w * h < 64 * 32 for _, _, w, h, _ in tiles), tiles
    assert all(jpeg[:2] == b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9" for *_, jpeg in tiles)
    p = subprocess.run(["ffprobe", "-v", "error", "-f", "mjpeg", "-show_entries", "stream=width,height", "-of", "csv=p=0", "-"], input=tiles[0][4], capture_output=True)
    assert p.stdout.split()[0].decode() == f"{tiles[0][2]},{tiles[0][3]}", p
END
	status_is 0
}

@test "/ws: without an acknowledgement no second picture, off is off, a still picture is silence" {
	FEED="by hand" start
	run py <<'END'
show(0)
ws = console()
head, _ = ws.picture()
for n in range(1, 7): show(n)
assert ws.quiet(), "unasked"
ws.ack(head["id"])
later, _ = ws.picture()
assert later["id"] == head["id"] + 6, "the newest, not the next"
ws.ack(later["id"])
for _ in range(3): show(6)
assert ws.quiet(), "nothing changed"
ws.send('{"op":"picture","mode":"off"}')
show(7)
assert ws.quiet(), "off"
END
	status_is 0
}

# ---- input ----

@test "a layout and delays end with the viewer that set them" {
	start
	run py <<'END'
ws, other = console(), console()
ws.send("layout de\ntypedelay 100\ntypedelay 50\nkeydown a")
wait(lambda: len(lines()) == 4)
ws.close()
wait(lambda: len(lines()) == 7)
assert lines()[4:] == ["keyup k:30", "layout", "typedelay"], lines()
other.send("keyhold 20")
wait(lambda: len(lines()) == 8)
third = console()
third.send('{"op":"control","take":true}')
wait(lambda: len(lines()) == 9)
assert lines()[8] == "keyhold", lines()
third.close()
other.close()
wait(lambda: state()["kvm"]["viewers"] == 0)
urllib.request.urlopen(url + "/actions", b"layout fr\ntype a")
assert lines()[9:] == ["layout fr", "type a", "layout"], lines()
END
	status_is 0
}

@test "action lines come out checked, whole and in order" {
	start
	run py <<'END'
ws = console()
ws.send("key a\nkey b\n# comment\n\n  key c")
wait(lambda: len(lines()) == 3)
assert lines() == ["key a", "key b", "  key c"], lines()
ws.send("type s3cret\nkey nosuchkey\nkey d")
error = ws.message("error")
assert "nosuchkey" in error["why"] and "s3cret" not in json.dumps(error)
wait(lambda: lines()[-1] == "type s3cret")
END
	status_is 0
	eventually nobody_looks # and none has control
	[ "$(http_status /actions --data-binary $'key e\nkey f')" = 200 ]
	[ "$(http_status /actions --data-binary $'key g\nkey nosuchkey')" = 400 ]
	tail -2 "$OUT" | cmp - <(printf 'key e\nkey f\n')
}

@test "keys that a viewer holds come up when it goes, falls silent or loses control" {
	start
	run py <<'END'
ws = console()
ws.send("keydown a\nbuttondown left")
wait(lambda: len(lines()) == 2)
ws.close()
wait(lambda: state()["kvm"]["viewers"] == 0)
assert lines()[2:] == ["keyup k:30", "buttonup left"], lines()
ws = console()
def press():
    """Presses B; when it was, once the line is there."""
    before, now = lines().count("keydown b"), time.time()
    ws.send("keydown b")
    wait(lambda: lines().count("keydown b") > before)
    return now
def beats():
    """The last line after a second of beats; None where this machine kept us from sending them in time."""
    began = heard = press()
    longest = 0
    while heard < began + 1:
        time.sleep(0.1)
        ws.send('{"op":"beat"}')
        now = time.time()
        longest, heard = max(longest, now - heard), now
    last = lines()[-1]
    return last if max(longest, time.time() - heard) < 0.35 else None
assert wait(beats) == "keydown b"
began = press()
wait(lambda: lines()[-1] == "keyup k:48")
assert time.time() - began > 0.4
ws.send("keydown c")
wait(lambda: "keydown c" in lines())
other = console()
other.send('{"op":"control","take":true}')
other.state(lambda s: s["you"]["controller"])
assert lines()[-1] == "keyup k:46", lines()
END
	status_is 0
	eventually nobody_looks
	curl -s --data-binary 'keydown d' "$URL/actions"
	[ "$(tail -1 "$OUT")" = "keyup k:32" ]
}

@test "one viewer has control; another takes it over, and all are told" {
	start
	run py <<'END'
a, b = console(), console()
one, two = (ws.message("state")["you"]["id"] for ws in (a, b))
a.send("key a")
for ws in (a, b):
    ws.state(lambda s: s["kvm"]["controller"]["id"] == one)
b.send("key b")
assert "control" in b.message("error")["why"]
b.send('{"op":"control","take":true}')
assert a.state(lambda s: s["kvm"]["controller"]["id"] == two)["you"]["controller"] is False
b.send("key c")
wait(lambda: lines() == ["key a", "key c"])
b.close()
a.state(lambda s: s["kvm"]["controller"]["id"] is None)
END
	status_is 0
	stop $SERVER 0
	start --shared-control
	run py <<'END'
a, b = console(), console()
a.send("key a")
wait(lambda: len(lines()) == 1)
b.send("key b")
wait(lambda: lines() == ["key a", "key b"])
END
	status_is 0
}

@test "lines of many viewers are never mixed" {
	start --shared-control
	run py <<'END'
def talk(ws, name):
    for i in range(200):
        ws.send(f"type {name * 500}")
talkers = {name: console() for name in "abcd"}  # until all is read: what a closed socket has left is lost
threads = [threading.Thread(target=talk, args=(talkers[name], name)) for name in talkers]
for t in threads: t.start()
for t in threads: t.join()
wait(lambda: len(lines()) == 800)
assert all(line in {"type " + c * 500 for c in "abcd"} for line in lines())
END
	status_is 0
}

@test "when nobody reads the actions, the server goes on view-only and says so" {
	OUT=$BATS_TEST_TMPDIR/pipe
	mkfifo "$OUT"
	head -1 "$OUT" >/dev/null 3>&- &
	start
	curl -s "$URL/state" | grep -q '"input":"ok"'
	curl -s -d 'key a' "$URL/actions" | grep -q '"ok":true'
	eventually bash -c "curl -s $URL/state | grep -q '\"input\":\"view-only\"'"
	curl -s -d 'key a' "$URL/actions" | grep -q 'view only'
	[ "$(http_status /snapshot)" = 200 ]
}

@test "a reader that is far behind: lines are refused, not lost, and nobody waits" {
	OUT=$BATS_TEST_TMPDIR/pipe
	mkfifo "$OUT"
	exec 7<>"$OUT"
	start
	line="type $(head -c 50000 /dev/zero | tr '\0' x)"
	for _ in 1 2 3 4 5 6; do codes="${codes-} $(http_status /actions --data-binary "$line")"; done
	[[ $codes == *200*503* ]]
	[ "$(http_status /state)" = 200 ]
	exec 7>&-
}

@test "--status: what kvm-type says reaches the viewers" {
	mkfifo "$BATS_TEST_TMPDIR/status"
	start --status "$BATS_TEST_TMPDIR/status"
	curl -s "$URL/state" | grep -q '"keyboard":null'
	{ echo 'not json'; echo '{"t":1,"keyboard":"ready","leds":["caps"],"done":17,"failed":0,"layout":"de"}'; } >"$BATS_TEST_TMPDIR/status"
	eventually bash -c "curl -s $URL/state | grep -q '\"keyboard\":{\"state\":\"ready\",\"leds\":\\[\"caps\"\\],\"done\":17,\"failed\":0,\"layout\":\"de\"}'"
	echo '{"keyboard":"asleep","leds":[],"done":18,"failed":1}' >"$BATS_TEST_TMPDIR/status"
	eventually bash -c "curl -s $URL/state | grep -q asleep"
	run --separate-stderr kvm-mjpeg-httpd -l 127.0.0.1:0 --status /nowhere/fifo </dev/null
	status_is 66
}

@test "/check and /layouts speak of layouts" {
	start
	[ "$(curl -s --data-binary 'a€' "$URL/check?layout=us")" = '{"ok":false,"untypable":[{"char":"€","line":1,"column":2}]}' ]
	[ "$(curl -s --data-binary 'a€' "$URL/check?layout=de")" = '{"ok":true,"untypable":[]}' ]
	[ "$(http_status "/check?layout=nosuch" -d a)" = 400 ]
	curl -s "$URL/layouts" | grep -q '{"name":"de","variant":"nodeadkeys",'
	curl -s "$URL/legends?layout=de" | grep -qF '"q":["q","Q","@","Ω"],'
	curl -s "$URL/legends?layout=fr" | grep -qF '"leftbrace":["^","¨",'
	[ "$(http_status "/legends?layout=nosuch")" = 400 ]
}

# ---- the door ----

@test "another address than loopback is refused without passwords, with the reason" {
	run --separate-stderr kvm-mjpeg-httpd -l 0.0.0.0:0 </dev/null
	status_is 64
	one_line kvm-mjpeg-httpd
	[[ $stderr == *--passwords* && $stderr == *--no-auth-on-purpose* ]]
	run --separate-stderr kvm-mjpeg-httpd -l '[::]:0' </dev/null
	status_is 64
}

@test "a foreign Host is refused everywhere, a given one is not (DNS rebinding)" {
	start --allow-host kvm.example.org
	for path in / /page/main.js /stream /snapshot /state /ws /metrics /login; do
		[ "$(http_status $path -H 'Host: evil.example')" = 421 ]
		[ "$(http_status $path -H "Host: 127.0.0.1.evil.example:$PORT")" = 421 ]
	done
	[ "$(http_status /state -H 'Host: kvm.example.org')" = 200 ]
	[ "$(http_status /state -H "Host: localhost:$PORT")" = 200 ]
	[ "$(http_status /actions -H 'Host: evil.example' -d 'key a')" = 421 ]
	[ ! -s "$OUT" ]
}

@test "a foreign Origin opens no WebSocket and posts nothing" {
	start
	for origin in http://evil.example null "https://127.0.0.1:$PORT" "http://127.0.0.1" "http://localhost:$PORT"; do
		[ "$(http_status /actions -H "Origin: $origin" -d 'key a')" = 403 ]
		[ "$(http_status /check -H "Origin: $origin" -d a)" = 403 ]
		[ "$(http_status /login -H "Origin: $origin" -d name=a)" = 403 ]
		[ "$(http_status /ws -H "Origin: $origin" -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==')" = 403 ]
	done
	[ "$(http_status /actions -H "Origin: $URL" -d 'key a')" = 200 ]
	[ "$(cat "$OUT")" = "key a" ]
	curl -s "$URL/metrics" | grep -q '^kvm_forbidden_total 20'
}

@test "without a login there is nothing but the form and the page's files" {
	passwords
	start --passwords "$PASSWORDS"
	for path in /stream /snapshot /state /metrics /ws /layouts /nowhere '/?action=stream'; do [ "$(http_status "$path")" = 401 ]; done
	[ "$(http_status /actions -d 'key a')" = 401 ]
	[ "$(http_status /check -d a)" = 401 ]
	[ "$(http_status / -H 'Accept: text/html')" = 303 ]
	[ "$(http_status /login)" = 200 ]
	[ "$(http_status /state -u ann:wrong)" = 401 ]
	[ "$(http_status /state -u nobody:secret)" = 401 ]
	[ "$(http_status /state -u ann:secret)" = 200 ]
	grep -q 'login failed from 127.0.0.1' "$ERR"
	! grep -q 'wrong\|secret' "$ERR"
}

@test "a session: HttpOnly, SameSite=Strict, ended by logout; no browser window for Basic" {
	passwords
	start --passwords "$PASSWORDS"
	jar=$BATS_TEST_TMPDIR/jar
	curl -si -c "$jar" -d 'name=ann&password=secret' "$URL/login" | tr -d '\r' >"$BATS_TEST_TMPDIR/head"
	grep -qi '^location: /$' "$BATS_TEST_TMPDIR/head"
	grep -i '^set-cookie:' "$BATS_TEST_TMPDIR/head" | grep -q 'HttpOnly; SameSite=Strict'
	[ "$(http_status /state -b "$jar")" = 200 ]
	[ "$(http_status /state -b kvm_session_$PORT=0000)" = 401 ]
	# An inner key of the session table is no cookie.
	[ "$(http_status /state -b "kvm_session_$PORT=basic 00")" = 401 ]
	curl -s -X POST -b "$jar" "$URL/logout"
	[ "$(http_status /state -b "$jar")" = 401 ]
	curl -si "$URL/state" | grep -qi '^www-authenticate: Basic'
	run ! bash -c "curl -si -H 'Sec-Fetch-Mode: cors' '$URL/state' | grep -qi '^www-authenticate'"
	[ "$(curl -s -o /dev/null -w '%{redirect_url}' -H 'Accept: text/html' -d 'name=ann&password=bad' "$URL/login")" = "$URL/login#failed" ]
}

@test "two servers on one host do not log each other out, nor does the cookie end a session" {
	passwords
	jar=$BATS_TEST_TMPDIR/jar
	start --passwords "$PASSWORDS"
	curl -s -c "$jar" -d 'name=ann&password=secret' "$URL/login"
	local one=$URL
	start --passwords "$PASSWORDS"
	curl -si -b "$jar" -c "$jar" -d 'name=ann&password=secret' "$URL/login" | tr -d '\r' >"$BATS_TEST_TMPDIR/head"
	[ "$(http_status /state -b "$jar")" = 200 ]
	[ "$(URL=$one http_status /state -b "$jar")" = 200 ]
	# For much longer than the 12 hours, which begin anew with each use.
	grep -qi '^set-cookie:.*Max-Age=[0-9]\{8\}' "$BATS_TEST_TMPDIR/head"
	curl -s -X POST -b "$jar" -c "$jar" "$URL/logout"
	[ "$(http_status /state -b "$jar")" = 401 ]
	[ "$(URL=$one http_status /state -b "$jar")" = 200 ]
}

@test "what a session opened ends with it: by logout, by another password; others go on" {
	passwords
	start --passwords "$PASSWORDS"
	export PASSWORDS
	run py <<'END'
def login(name):
    c = http.client.HTTPConnection("127.0.0.1", port)
    c.request("POST", "/login", f"name={name}&password=secret")
    return c.getresponse().getheader("Set-Cookie").split(";")[0]
def stream(**headers):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    c.request("GET", "/stream", headers=headers)
    r = c.getresponse()
    assert r.status == 200, r.status
    assert r.read(1)
    return r
def ends(ws, stream):
    try:
        while ws.receive(): pass
    except EOFError: pass
    stream.read()
def goes_on(ws, stream):
    ws.send("", 9)
    while ws.receive()[0] != 10: pass
    assert len(stream.read(5000)) == 5000
ann, tablet, bob = login("ann"), login("ann"), login("bob")
basic = "Basic " + base64.b64encode(b"ann:secret").decode()
first, second, third = [(console(Cookie=who), stream(Cookie=who)) for who in (ann, tablet, bob)]
fourth = console(Authorization=basic), stream(Authorization=basic)
c = http.client.HTTPConnection("127.0.0.1", port)
c.request("POST", "/logout", headers={"Cookie": ann})
assert c.getresponse().status == 303
ends(*first)
for who in second, third, fourth: goes_on(*who)
hashed = subprocess.run(["openssl", "passwd", "-6", "new"], capture_output=True, text=True, check=True).stdout.strip()
bobs_line = open(os.environ["PASSWORDS"]).readlines()[1]
open(os.environ["PASSWORDS"], "w").write(f"ann:{hashed}:control\n{bobs_line}")
os.kill(int(os.environ["SERVER"]), 1)
ends(*second)
ends(*fourth)
goes_on(*third)
END
	status_is 0
}

@test "the view role sees and cannot touch" {
	passwords
	start --passwords "$PASSWORDS"
	[ "$(http_status '/snapshot?wait=30' -u bob:secret)" = 200 ]
	[ "$(http_status /actions -u bob:secret -d 'key a')" = 403 ]
	run py <<'END'
basic = "Basic " + base64.b64encode(b"bob:secret").decode()
ws = console(Authorization=basic)
assert ws.message("state")["you"]["role"] == "view"
ws.picture()
ws.send("key a")
assert "view" in ws.message("error")["why"]
ws.send('{"op":"control","take":true}')
ws.quiet()
assert lines() == []
assert state(Authorization=basic)["kvm"]["controller"]["id"] is None
END
	status_is 0
}

@test "who guesses waits, longer each time, and the others do not" {
	passwords
	start --passwords "$PASSWORDS" --trust-proxy
	run py <<'END'
def guess(password, seen_from, method="GET", path="/state", body=None):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    basic = "Basic " + base64.b64encode(b"ann:" + password).decode()
    headers = {"X-Forwarded-For": seen_from, "X-Forwarded-Proto": "https"}
    c.request(method, path, body, headers if body else {**headers, "Authorization": basic})
    return c.getresponse()
def guesses(address):
    """Four that are wrong and two that would be right; None where those came when the wait was over."""
    for _ in range(4):
        began = time.time()
        assert guess(b"bad", address).status == 401
    form = guess(b"", address, "POST", "/login", "name=ann&password=secret")
    if time.time() - began > 1: return None
    return guess(b"secret", "1.2.3.4, " + address), form
# Where this machine is so busy that the 2 s are over, somebody else guesses.
guessers = iter(range(1, 255))
basic, form = wait(lambda: guesses(f"192.0.2.{next(guessers)}"))
assert basic.status == 429 and form.getheader("Retry-After") in ("1", "2"), (basic.status, form.headers)
print(next(guessers) - 1)
END
	status_is 0
	[ "$(http_status /state -u ann:secret)" = 200 ]
	grep -q 'login failed from 192.0.2.1$' "$ERR"
	curl -s -u ann:secret "$URL/metrics" | grep -q "^kvm_login_failures_total $((4 * output))$"
}

@test "Basic is not taken over a readable network" {
	passwords
	start --passwords "$PASSWORDS" --trust-proxy
	[ "$(http_status /state -u ann:secret -H 'X-Forwarded-For: 192.0.2.9')" = 403 ]
	[ "$(http_status /state -u ann:secret -H 'X-Forwarded-For: 192.0.2.9' -H 'X-Forwarded-Proto: https')" = 200 ]
}

@test "--trust-proxy: the last word is the proxy's, in a line of its own, too; TLS of ours is TLS" {
	passwords
	certificate localhost
	for tls in "" "--tls-cert $BATS_TEST_TMPDIR/cert.pem --tls-key $BATS_TEST_TMPDIR/key.pem"; do
		# shellcheck disable=SC2086  # words are meant
		start --passwords "$PASSWORDS" --trust-proxy $tls
		http=(-u ann:secret -H 'X-Forwarded-Proto: http')
		[ "$(http_status /state "${http[@]}" -H 'X-Forwarded-For: 192.0.2.9, 127.0.0.1')" = 200 ]
		[ "$(http_status /state "${http[@]}" -H 'X-Forwarded-For: 127.0.0.1' -H 'X-Forwarded-For: 192.0.2.9')" = 403 ]
		[ "$(http_status /state -u ann:secret -H 'X-Forwarded-For: 192.0.2.9' -H 'X-Forwarded-Proto: https' -H 'X-Forwarded-Proto: http')" = 403 ]
		[ "$(http_status /actions -u ann:secret -H "Origin: $URL" -d 'key a')" = 200 ]
		stop $SERVER 0
	done
}

@test "SIGHUP: who was taken out of the file is out, viewers too; the others stay" {
	passwords
	start --passwords "$PASSWORDS"
	curl -s -c "$BATS_TEST_TMPDIR/ann" -d 'name=ann&password=secret' "$URL/login"
	curl -s -c "$BATS_TEST_TMPDIR/bob" -d 'name=bob&password=secret' "$URL/login"
	view /stream -b "$BATS_TEST_TMPDIR/bob"
	eventually test -s "$SEEN"
	sed -i /bob/d "$PASSWORDS"
	kill -HUP $SERVER
	eventually bash -c "[ \$(curl -s -o /dev/null -w '%{http_code}' -b '$BATS_TEST_TMPDIR/bob' $URL/state) = 401 ]"
	[ "$(http_status /state -b "$BATS_TEST_TMPDIR/ann")" = 200 ]
	ends_with 0 $VIEWER
	echo broken >"$PASSWORDS"
	kill -HUP $SERVER
	eventually grep -q 'passwords:1: .*the passwords stay as they were' "$ERR"
	[ "$(http_status /state -b "$BATS_TEST_TMPDIR/ann")" = 200 ]
}

@test "SIGHUP: what cannot be read stays and is named, the rest is taken" {
	passwords
	certificate first
	start --tls-cert "$BATS_TEST_TMPDIR/cert.pem" --tls-key "$BATS_TEST_TMPDIR/key.pem" --passwords "$PASSWORDS"
	[ "$(http_status /state -u bob:secret)" = 200 ]
	sed -i /bob/d "$PASSWORDS"
	echo broken >"$BATS_TEST_TMPDIR/cert.pem"
	kill -HUP $SERVER
	eventually grep -q 'cert.pem.*; the certificate stays as it was' "$ERR"
	run ! grep -q 'passwords stay' "$ERR"
	[ "$(http_status /state -u bob:secret)" = 401 ]
	certificate second
	echo broken >"$PASSWORDS"
	kill -HUP $SERVER
	eventually grep -q '; the passwords stay as they were' "$ERR"
	eventually bash -c "curl -skv $URL/login 2>&1 | grep -q 'CN=second'"
	[ "$(http_status /state -u ann:secret)" = 200 ]
}

@test "password files that let nobody in, or weakly, are refused: 78 and the line" {
	for line in '' 'ann:plain:control' 'ann:$1$abc$xyz:control' 'ann'; do
		echo "$line" >"$BATS_TEST_TMPDIR/p"
		run --separate-stderr kvm-mjpeg-httpd -l 127.0.0.1:0 --passwords "$BATS_TEST_TMPDIR/p" </dev/null
		status_is 78
		one_line kvm-mjpeg-httpd
	done
}

@test "TLS: pictures, input and login; 1.1 is refused; SIGHUP takes a new certificate" {
	passwords
	certificate first
	start --tls-cert "$BATS_TEST_TMPDIR/cert.pem" --tls-key "$BATS_TEST_TMPDIR/key.pem" --passwords "$PASSWORDS"
	[[ $URL == https://* ]]
	[ "$(http_status /state -u ann:secret)" = 200 ]
	watch 20 /stream -u ann:secret
	curl -sk -u ann:secret -d 'key a' "$URL/actions"
	curl -ski -d 'name=ann&password=secret' "$URL/login" | grep -q '; Secure'
	[ "$(cat "$OUT")" = "key a" ]
	run ! curl -sk --tls-max 1.1 "$URL/login" -o /dev/null
	run py <<'END'
import base64, ssl
import ws as module
plain = socket.create_connection
def secure(*args):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain(*args))
module.socket.create_connection = secure
ws = console(Authorization="Basic " + base64.b64encode(b"ann:secret").decode())
head, _ = ws.picture()
ws.ack(head["id"])
ws.picture()
ws.send("key b")
wait(lambda: lines() == ["key a", "key b"])
END
	status_is 0
	certificate second
	kill -HUP $SERVER
	eventually bash -c "curl -skv $URL/login 2>&1 | grep -q 'CN=second'"
	echo broken >"$BATS_TEST_TMPDIR/cert.pem"
	kill -HUP $SERVER
	eventually grep -q 'the certificate stays as it was' "$ERR"
	curl -skv "$URL/login" 2>&1 | grep -q 'CN=second'
	run --separate-stderr kvm-mjpeg-httpd -l 127.0.0.1:0 --tls-cert "$BATS_TEST_TMPDIR/cert.pem" --tls-key "$BATS_TEST_TMPDIR/key.pem" </dev/null
	status_is 78
	run --separate-stderr kvm-mjpeg-httpd -l 127.0.0.1:0 --tls-cert "$BATS_TEST_TMPDIR/cert.pem" </dev/null
	status_is 64
}

@test "answers are guarded: CSP without inline code, nosniff, no frames, no CORS unless asked for" {
	start
	curl -si "$URL/" | tr -d '\r' >"$BATS_TEST_TMPDIR/head"
	grep -qi "^content-security-policy: default-src 'self';.*frame-ancestors 'none'" "$BATS_TEST_TMPDIR/head"
	run ! grep -qi unsafe "$BATS_TEST_TMPDIR/head"
	for path in / /state /snapshot /metrics /nowhere; do curl -si "$URL$path" | grep -aqi '^x-content-type-options: nosniff'; done
	run ! bash -c "curl -si -H 'Origin: http://x' '$URL/state' | grep -qi access-control"
	stop $SERVER 0
	start --allow-origin https://dash.example.org
	curl -si "$URL/state" | grep -qi '^access-control-allow-origin: https://dash.example.org'
	[ "$(http_status /actions -H 'Origin: https://dash.example.org' -d 'key a')" = 403 ]
}

@test "a header without end, a huge body, a crowd: cut, refused, and memory stays" {
	start --max-connections 300
	run py <<'END'
def rss(): return int(next(l for l in open(f"/proc/{os.environ['SERVER']}/status") if l.startswith("VmRSS")).split()[1])
before = rss()
s = socket.create_connection(("127.0.0.1", port), 30)
s.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
try:
    for i in range(1000):
        s.sendall(b"X-%d: " % i + b"a" * 1000 + b"\r\n")
except OSError:
    pass
try: got = s.recv(100)[:12]
except ConnectionError: got = b""
assert got in (b"HTTP/1.1 431", b"HTTP/1.0 431", b"", b"HTTP/1.1 413"), "a huge header"
def connect():
    one = socket.create_connection(("127.0.0.1", port), 30)
    one.sendall(b"GET / HTTP/1.1\r\n")
    one.setblocking(False)
    return one
def still_open(one):
    try:
        while one.recv(1000): pass
    except BlockingIOError: return True
    except OSError: pass
    return False
slow = [connect() for _ in range(200)]
def cut():
    """All of them, although they go on talking."""
    time.sleep(0.5)
    slow[:] = [one for one in slow if still_open(one)]
    for one in slow:
        try: one.sendall(b"X")
        except OSError: pass
    return not slow
wait(cut)
crowd = []
for _ in range(400):
    try: crowd.append(connect())
    except OSError: pass
wait(lambda: 0 < sum(map(still_open, crowd)) <= 300)
for one in crowd: one.close()
wait(lambda: subprocess.run(["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", url + "/state"], capture_output=True).stdout == b"200")
print(before, rss())
# ASan keeps what was freed for a while, up to 256 MB.
assert rss() < before + (280000 if "/asan/" in os.environ["BIN"] else 16000), (before, rss())
END
	status_is 0
	[ "$(head -c 2000000 /dev/zero | http_status /actions --data-binary @-)" = 413 ]
	[ "$(head -c 2000000 /dev/zero | http_status /actions -H 'Transfer-Encoding: chunked' --data-binary @-)" = 413 ]
}

@test "a viewer that pings without a break keeps nobody waiting, and is let go" {
	start
	run py <<'END'
ws, over = console(), False
def ping():
    try:
        while not over: ws.sock.sendall(b"\x89\x80\0\0\0\0" * 10000)
    except OSError: pass
flood = threading.Thread(target=ping, daemon=True)
flood.start()
try:
    for _ in range(5): assert state()["stream"]["clients"] <= 1
    wait(lambda: not flood.is_alive())
finally: over = True
END
	status_is 0
}

@test "of a stranger's body little is kept" {
	passwords
	start --passwords "$PASSWORDS"
	run py <<'END'
def rss(): return int(next(l for l in open(f"/proc/{os.environ['SERVER']}/status") if l.startswith("VmRSS")).split()[1])
before = rss()
def stranger(more):
    """All of a large body but its end."""
    one = socket.create_connection(("127.0.0.1", port), 30)
    try: one.sendall(b"POST /actions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n" + more + b"\r\n" + b"#" * 999990)
    except OSError: pass
    return one
guess = b"Authorization: Basic " + base64.b64encode(b"ann:bad") + b"\r\n"
crowd = [stranger(more) for more in (b"", guess) * 40]
assert get("/login")
print(before, rss())
# ASan keeps what was freed for a while, up to 256 MB.
assert rss() < before + (280000 if "/asan/" in os.environ["BIN"] else 30000), (before, rss())
END
	status_is 0
	body() { head -c "$1" /dev/zero | tr '\0' '#'; }
	# A script's first request: its password is not known yet. The crowd must be gone.
	eventually eval '[ "$(body 300000 | http_status /actions -u ann:secret --data-binary @-)" = 200 ]'
	[ "$(body 900000 | http_status /actions -u ann:secret --data-binary @-)" = 200 ]
	[ "$(body 900000 | http_status /actions -u ann:bad --data-binary @-)" = 401 ]
}

@test "a refusal is JSON and tells why, and a program's wrong login is one" {
	passwords
	start --passwords "$PASSWORDS"
	[ "$(http_status /login -d 'name=ann&password=bad')" = 401 ]
	[ "$(http_status /login -d 'name=ann&password=secret')" = 303 ]
	refused() { curl -s "$@" | python3 -c 'import json, sys; r = json.load(sys.stdin); assert r["ok"] is False and r["why"]'; }
	refused "$URL/login" -d 'name=ann&password=bad'
	refused "$URL/state"
	head -c 2000000 /dev/zero | refused "$URL/actions" -u ann:secret --data-binary @-
	head -c 2000000 /dev/zero | refused "$URL/actions" -u ann:secret -H 'Transfer-Encoding: chunked' --data-binary @-
	stop $SERVER 0
	FEED="--state no-signal" start
	eventually bash -c "curl -s $URL/snapshot | grep -q no-signal"
	run py <<'END'
asked, polls = metric("kvm_requests_total"), 0
s = socket.create_connection(("127.0.0.1", port), 30)
s.sendall(b"GET /snapshot?wait=60 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
def waits():
    global polls
    polls += 1
    return metric("kvm_requests_total") > asked + polls
wait(waits)
os.kill(int(os.environ["SERVER"]), 15)
answer = http.client.HTTPResponse(s)
answer.begin()
assert answer.status == 503 and json.loads(answer.read())["ok"] is False
END
	status_is 0
}

@test "a TLS handshake that is begun and not ended costs next to nothing" {
	certificate localhost
	start --tls-cert "$BATS_TEST_TMPDIR/cert.pem" --tls-key "$BATS_TEST_TMPDIR/key.pem"
	run py <<'END'
import ssl
def cpu():
    fields = open(f"/proc/{os.environ['SERVER']}/stat").read().split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
hello = ssl.MemoryBIO()
try: ssl._create_unverified_context().wrap_bio(ssl.MemoryBIO(), hello).do_handshake()
except ssl.SSLWantReadError: pass
one = socket.create_connection(("127.0.0.1", port))
one.sendall(hello.read())
assert one.recv(100)  # the server's answer; now it waits for us
before, began = cpu(), time.time()
time.sleep(3)
share = (cpu() - before) / (time.time() - began)
assert share < 0.3, share  # a core's; 0.01 is usual
END
	status_is 0
}

@test "hostile WebSocket frames end that viewer, not the server" {
	start
	run py <<'END'
import struct
def closes(send):
    ws = console()
    try:
        send(ws)
        while ws.receive()[0] != 8: pass
    except (EOFError, OSError): pass
    ws.close()
closes(lambda ws: ws.sock.sendall(b"\x81\x05hello"))                                # not masked
closes(lambda ws: ws.sock.sendall(b"\x81\xff" + struct.pack(">Q", 1 << 62) + b"abcd"))  # too long
closes(lambda ws: ws.send(b"\xff\xfe", 1))                                          # not UTF-8
closes(lambda ws: ws.send(b"x" * 200, 9))                                           # ping too long
closes(lambda ws: ws.sock.sendall(b"\xf1\x80abcd"))                                 # reserved bits
for text in ["{", "{}", "[" * 100000, '{"op":7}', '{"op":"ack"}', '{"op":"ack","id":-1}', '{"op":"control","take":"x"}', '{"a":' * 5000, "\x00"]:
    ws = console()
    ws.send(text)
    ws.send("", 9)
    while ws.receive()[0] != 10: pass
    ws.close()
ws = console()
ws.send("key", 1, fin=False)
ws.send(" a", 0)
wait(lambda: lines() == ["key a"])
ws.send(b"\x03\xe8", 8)
while ws.receive()[0] != 8: pass
END
	status_is 0
	[ "$(http_status /state)" = 200 ]
}

@test "unix sockets: their mode, a stale one is replaced, a live one is not" {
	socket=$BATS_TEST_TMPDIR/http
	LISTEN=unix:$socket start --unix-mode 600 --allow-host kvm.example.org
	eventually curl -sf --unix-socket "$socket" -o /dev/null http://kvm.example.org/snapshot
	[ "$(stat -c %a "$socket")" = 600 ]
	run --separate-stderr kvm-mjpeg-httpd -l "unix:$socket" </dev/null
	status_is 69
	kill -KILL $SERVER
	ends_with 137 $SERVER
	[ -S "$socket" ]
	LISTEN=unix:$socket start --allow-host kvm.example.org
	eventually curl -sf --unix-socket "$socket" -o /dev/null http://kvm.example.org/snapshot
	[ "$(stat -c %a "$socket")" = 660 ]
	stop $SERVER 0
	[ ! -e "$socket" ]
}

@test "a server that stops leaves its successor's unix socket alone" {
	socket=$BATS_TEST_TMPDIR/http
	LISTEN=unix:$socket FEED="--pad 2000000" start
	eventually curl -sf --unix-socket "$socket" -o /dev/null http://localhost/snapshot
	# A frame is under way to a viewer that reads no more: the server waits for it for 5 s.
	python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
s.recv(1000)
print("looks", flush=True)
time.sleep(1000)' "$socket" >"$BATS_TEST_TMPDIR/looks" 3>&- &
	eventually test -s "$BATS_TEST_TMPDIR/looks"
	local old=$SERVER
	kill $old
	deaf() { ! curl -s --unix-socket "$socket" -o /dev/null http://localhost/state; }
	eventually deaf
	LISTEN=unix:$socket start
	ends_with 0 $old
	curl -sf --unix-socket "$socket" -o /dev/null http://localhost/state
	stop $SERVER 0
	[ ! -e "$socket" ]
}

@test "several -l: all of them serve, each as what it is" {
	socket=$BATS_TEST_TMPDIR/http
	start -l "unix:$socket" -l 127.0.0.2:0
	[ "$(wc -l <"$ERR")" = 3 ]
	grep -qx "kvm-mjpeg-httpd: unix:$socket" "$ERR"
	other=$(sed -n 's/^kvm-mjpeg-httpd: \(http:..127.0.0.2:.*\)\/$/\1/p' "$ERR")
	curl -sf "$URL/snapshot" "$other/snapshot" -o /dev/null -o /dev/null
	curl -sf --unix-socket "$socket" http://localhost/snapshot -o /dev/null
	run py <<'END'
ws = console()
ws.send("key a")
wait(lambda: lines() == ["key a"])
END
	status_is 0
	# What is refused on one is refused on all.
	[ "$(curl -s -o /dev/null -w '%{http_code}' -H 'Host: evil.example' "$other/state")" = 421 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$socket" http://evil.example/state)" = 421 ]
	stop $SERVER 0
	[ ! -e "$socket" ]
}

@test "LISTEN_FDS, READY=1, and SIGTERM in the middle of it all" {
	run timeout 120 python3 - "$HTTPD/feed" "$BATS_TEST_TMPDIR/notify" <<'END'
import os, socket, subprocess, sys
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
path = sys.argv[2]
notify.bind(path)
notify.settimeout(30)
listening = socket.create_server(("127.0.0.1", 0))
feed = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE)
def child():
    os.dup2(listening.fileno(), 3)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", NOTIFY_SOCKET=path)
pid = os.fork()
if pid == 0:
    os.dup2(feed.stdout.fileno(), 0)
    child()
    os.execvp("kvm-mjpeg-httpd", ["kvm-mjpeg-httpd"])
assert b"READY=1" in notify.recv(1000)
client = socket.create_connection(listening.getsockname(), 30)
client.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
assert client.recv(12) == b"HTTP/1.1 200"
os.kill(pid, 15)
_, status = os.waitpid(pid, 0)
assert status == 0, status
feed.kill()
END
	status_is 0
}

@test "SIGTERM: a goodbye for WebSockets and idle clients at once, a frame under way to its end" {
	FEED="--pad 200000" start
	run py <<'END'
ws = console()
ws.picture()
idle = socket.create_connection(("127.0.0.1", port), 30)
idle.sendall(b"GET /state HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
assert idle.recv(12) == b"HTTP/1.1 200"
slow = socket.socket()
slow.settimeout(30)
slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
slow.connect(("127.0.0.1", port))
slow.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
data = slow.recv(1000)
began = time.time()
os.kill(int(os.environ["SERVER"]), 15)
while (got := ws.receive())[0] != 8: pass
assert got[1][:2] == b"\x03\xe9", got  # 1001, going away
while idle.recv(1 << 16): pass
assert time.time() - began < 4  # not with all that is left after 5 s
while got := slow.recv(1 << 16): data += got
assert data.endswith(b"\xff\xd9\r\n--boundarydonotcross\r\n"), data[-40:]
END
	status_is 0
	# Much sooner than the 5 s that a frame under way may take.
	SECONDS=0
	ends_with 0 $SERVER
	((SECONDS < 4))
}
