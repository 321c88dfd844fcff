#!/usr/bin/env bats
# kvm-mjpeg-httpd(1) from the outside: TLS, and those who mean harm.
load httpd/server

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
	# A refusal is read there as well: no-signal is worth showing.
	for path in /state "/snapshot?max_age=0" "/snapshot?wait=x" "/stream?fps=x"; do
		curl -si "$URL$path" | grep -qi '^access-control-allow-origin: https://dash.example.org'
	done
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
	# Not from where the crowd guessed: who does has to wait.
	body() { head -c "$1" /dev/zero | tr '\0' '#' | http_status /actions --interface 127.0.0.2 --data-binary @- -u "$2"; }
	# A script's first request: its password is not known yet. The crowd must be gone.
	eventually eval '[ "$(body 300000 ann:secret)" = 200 ]'
	[ "$(body 900000 ann:secret)" = 200 ]
	[ "$(body 900000 ann:bad)" = 401 ]
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

@test "a request whose end or addressee is in doubt is refused, and the connection with it" {
	start
	run py <<'END'
def answer(request):
    """All that comes; without Connection: close that has no end."""
    one = socket.create_connection(("127.0.0.1", port), 30)
    one.sendall(request.encode())
    got = b""
    try:
        while more := one.recv(1 << 16): got += more
    except ConnectionError: pass
    return got
# Behind it: what is a body to one and a request to the other.
hidden = "GET /state HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
def refused(*lines, start="POST /check HTTP/1.1", host="Host: 127.0.0.1\r\n"):
    got = answer(start + "\r\n" + host + "".join(line + "\r\n" for line in lines) + "\r\n" + hidden)
    assert got.startswith(b"HTTP/1.1 400 ") and got.count(b"HTTP/1") == 1, (lines, got)
    assert b"connection: close" in got.lower(), got
refused("Content-Length : 44")
refused("Content-Length\t: 44")
refused("Content-Length: 44", "Content-Length: 2")
refused("Content-Length: 44", "Transfer-Encoding: chunked")
refused("Transfer-Encoding: gzip")
refused("Transfer-Encoding: gzip, chunked")
refused("Transfer-Encoding: identity", "Transfer-Encoding: chunked")
refused("Host: 127.0.0.2", start="GET /state HTTP/1.1")
refused(start="GET /state HTTP/1.1", host="")
assert b" 400 " in answer("POST /check HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")
assert b" 200 " in answer("GET /state HTTP/1.0\r\n\r\n")
close = "host: 127.0.0.1\r\nconnection: close\r\n"
assert b" 200 " in answer("POST /check HTTP/1.1\r\n" + close + "transfer-encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")
END
	status_is 0
}

@test "/ws upgrades only what asks for it" {
	start
	run py <<'END'
whole = {"Upgrade": "websocket", "Connection": "keep-alive, Upgrade", "Sec-WebSocket-Version": "13",
         "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
def status(method="GET", version="1.1", **changes):
    one = socket.create_connection(("127.0.0.1", port), 30)
    lines = {**whole, **{name.replace("_", "-"): value for name, value in changes.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    one.sendall(f"{method} /ws HTTP/{version}\r\nHost: 127.0.0.1\r\n{head}\r\n".encode())
    return int(one.recv(1000).split()[1])
assert status() == 101
assert status(Upgrade="h2c, WebSocket") == 101
assert status(Upgrade=None) == 426
assert status(Connection=None) == 426
assert status(Connection="keep-alive") == 426
assert status(Sec_WebSocket_Version="8") == 426
assert status("HEAD") == 426
assert status("POST") == 405
assert status(version="1.0") == 426
for key in None, "x", "A" * 24, "A" * 22 + "=", "A" * 21 + "~==", "A" * 24 + "==":
    assert status(Sec_WebSocket_Key=key) == 400, key
END
	status_is 0
}

@test "methods and tags as HTTP has them" {
	start
	allowed() { curl -si -X "$1" "$URL$2" | tr -d '\r' | sed -n '1s/.* \(4..\) .*/\1/p; s/^Allow: //p' | paste -sd ' '; }
	[ "$(allowed PUT /state)" = "405 GET, HEAD" ]
	[ "$(allowed GET /actions)" = "405 POST" ]
	[ "$(allowed PUT /login)" = "405 GET, HEAD, POST" ]
	[ "$(allowed GET /logout)" = "405 POST" ]
	[ "$(allowed PUT /page/main.js)" = "405 GET, HEAD" ]
	[ "$(http_status /state -I)" = 200 ]
	tag=$(curl -sI "$URL/page/main.js" | tr -d '\r' | sed -n 's/^ETag: //p')
	[ -n "$tag" ]
	for named in "$tag" "W/$tag" "\"other\", W/$tag" "*"; do
		[ "$(http_status /page/main.js -H "If-None-Match: $named")" = 304 ]
	done
	[ "$(http_status /page/main.js -H 'If-None-Match: "other"')" = 200 ]
	[ "$(http_status /snapshot -H 'If-None-Match: *')" = 304 ]
}

@test "the page goes by gzip to those who take it" {
	start
	curl -s "$URL/page/main.js" >"$BATS_TEST_TMPDIR/plain"
	cmp "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_DIRNAME/../../lib/http/page/main.js"
	curl -s -H 'Accept-Encoding: deflate, gzip' "$URL/page/main.js" | gunzip | cmp - "$BATS_TEST_TMPDIR/plain"
	curl -s -H 'Accept-Encoding: gzip;q=0' "$URL/page/main.js" | cmp - "$BATS_TEST_TMPDIR/plain"
	tag() { curl -s -o /dev/null -w '%header{etag}' "$@" "$URL/page/main.js"; }
	[ "$(tag)" != "$(tag -H 'Accept-Encoding: gzip')" ]
	[ "$(http_status /page/main.js -H 'Accept-Encoding: gzip' -H "If-None-Match: $(tag -H 'Accept-Encoding: gzip')")" = 304 ]
}

@test "hostile WebSocket frames end that viewer, not the server" {
	start
	run py <<'END'
import struct
def closes(send):
    """With a goodbye, not just an end."""
    ws = console()
    send(ws)
    while ws.receive()[0] != 8: pass
    ws.close()
closes(lambda ws: ws.sock.sendall(b"\x81\x05hello"))                                # not masked
closes(lambda ws: ws.sock.sendall(b"\x81\xff" + struct.pack(">Q", 1 << 62) + b"abcdx"))  # too long
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
