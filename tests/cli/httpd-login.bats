#!/usr/bin/env bats
# kvm-mjpeg-httpd(1) from the outside: who may come in, and do what.
load httpd/server

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
	[ "$(curl -s -o /dev/null -w '%{redirect_url}' -H 'Accept: text/html' -d 'name=ann&password=bad' "$URL/login")" = "$URL/login?failed" ]
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
	# Whatever port it came from.
	[ "$(http_status /state -u ann:bad -H 'X-Forwarded-Proto: https' -H 'X-Forwarded-For: [2001:db8::1]:99')" = 401 ]
	grep -q 'login failed from 2001:db8::1$' "$ERR"
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
		[ "$(http_status /state "${http[@]}" -H 'X-Forwarded-For: [::1]:4711')" = 200 ]
		[ "$(http_status /state "${http[@]}" -H 'X-Forwarded-For: unix')" = 403 ]
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
