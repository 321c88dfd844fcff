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
	watch 1 "/stream?fps=1e-300"
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

@test "who gave up waiting for a snapshot leaves its place; who listens on gets an answer" {
	FEED="--state no-signal" start --max-connections 40
	run py <<'END'
def ask(path):
    s = socket.create_connection(("127.0.0.1", port), 30)
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    return s
def connections():
    try: return metric("kvm_connections")
    except OSError: return 40
patient = ask("/snapshot?wait=60")
for _ in range(39): ask("/snapshot?wait=60").close()
wait(lambda: connections() == 2)  # the patient one, and ours
listens = ask("/snapshot?wait=60")
listens.shutdown(socket.SHUT_WR)
assert listens.recv(12) == b"HTTP/1.1 503"
patient.setblocking(False)
try: assert False, patient.recv(300)
except BlockingIOError: pass
END
	status_is 0
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

@test "a source whose clock is an hour ahead: ages are those since arrival" {
	FEED="--clock 3600 --count 2 --hold 120" start
	run py <<'END'
import urllib.error
s = urllib.request.urlopen(url + "/stream")
wait(lambda: metric("kvm_stream_age_seconds_count") > 0)
assert metric("kvm_stream_age_seconds_sum") >= 0
wait(lambda: metric("kvm_newest_frame_age_seconds") > .1)
try: assert not get("/snapshot?max_age=0.1")
except urllib.error.HTTPError as error: assert error.code == 503
END
	status_is 0
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

@test "pictures count as skipped where the viewer was too slow, not where none was wanted" {
	skipped() { curl -s "$URL/metrics" | awk '/^kvm_stream_skipped_total/ { print $2 }'; }
	start
	watch 3 "/stream?fps=5"
	[ "$(skipped)" = 0 ]
	stop $SERVER 0
	FEED=--same start
	watch 3 /stream
	[ "$(skipped)" = 0 ]
	stop $SERVER 0
	FEED="--pad 200000" start
	run py <<'END'
slow = socket.socket()
slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
slow.connect(("127.0.0.1", port))
slow.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
wait(lambda: slow.recv(4096) and metric("kvm_stream_skipped_total") > 0)
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
WS = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
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

frames_total() { curl -s "$URL/metrics" | awk '/^kvm_frames_total/ { print $2 }'; }
# Nothing is read.
rests() {
	local before
	before=$(frames_total)
	sleep 1
	[ "$(frames_total)" = "$before" ]
}

@test "--idle reads nothing while nobody looks, and then what is fresh" {
	start --idle
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

@test "--idle: a source whose clock is an hour off is seen again, too" {
	for clock in -3600 3600; do
		FEED="--clock $clock" start --idle
		eventually rests
		watch 3 /stream
		[ "$(grep -a ^X-Kvm-Sequence "$SEEN" | sort -u | wc -l)" -ge 3 ]
		stop $SERVER 0
	done
}

@test "--idle: a snapshot after the rest is a new frame, or 503" {
	FEED="by hand" start --idle
	run py <<'END'
import array, fcntl, termios, urllib.error
def waits():
    """Bytes that stay in the pipe."""
    size = array.array("i", [0])
    fcntl.ioctl(8, termios.FIONREAD, size)
    return size[0]
def rests():
    if not waits(): os.write(8, frame(1, facts(1)))
    time.sleep(1)
    return waits()
def snapshot(path):
    try: return urllib.request.urlopen(url + path).headers["X-Kvm-Sequence"]
    except urllib.error.HTTPError as error: return error.code
show(0)
wait(rests)
got = []
threading.Thread(target=lambda: got.append(snapshot("/snapshot"))).start()
wait(lambda: not waits())
os.write(8, frame(2, facts(2)))
assert wait(lambda: got) == ["2"], got
wait(rests)
assert snapshot("/snapshot") == 503
END
	status_is 0
}
