#!/usr/bin/env bats
# kvm-mjpeg-httpd(1) from the outside: its addresses, its start and its end.
load httpd/server

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

@test "all of IPv4 and all of IPv6 at one port, in any order" {
	# In a network of its own: all addresses are this test's, and any port is free.
	local user=-r
	[ "$(id -u)" -ne 0 ] || user=
	run timeout 120 unshare $user -n python3 - <<'END'
import contextlib, fcntl, socket, struct, subprocess, urllib.request
IFF_UP, SIOCSIFFLAGS = 1, 0x8914
fcntl.ioctl(socket.socket(), SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))
@contextlib.contextmanager
def serving(*addresses):
    server = subprocess.Popen(["kvm-mjpeg-httpd", "--no-auth-on-purpose", *(f"-l{one}" for one in addresses)],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try: yield server, [server.stderr.readline() for _ in addresses]
    finally:
        server.terminate()
        server.wait()
def answers(*hosts):
    for host in hosts: urllib.request.urlopen(f"http://{host}:8080/state").read()
try: socket.socket(socket.AF_INET6).bind(("::1", 0))
except OSError:  # a kernel without IPv6: that is said, and nothing is served
    with serving("[::1]:8080") as (server, said):
        assert "-l [::1]:8080: " in said[0] and server.wait() != 0, said
else:
    with serving("[::]:8080"): answers("127.0.0.1", "[::1]")  # both, where IPv4 has no line of its own
    for order in ("0.0.0.0:8080", "[::]:8080"), ("[::]:8080", "0.0.0.0:8080"):
        with serving(*order): answers("127.0.0.1", "[::1]")
END
	status_is 0
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
