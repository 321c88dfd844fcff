#!/usr/bin/env bats
# kvm-mjpeg-httpd(1) from the outside: who may log in, and what they may do.
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
	[ "$(grep -c 'refused input from another site' "$ERR")" = 1 ]
	grep -q "the page is at 'http://evil.example', but the request is for the host '127.0.0.1:$PORT'; a proxy must pass the page's Host on" "$ERR"
	curl -s -d a -H "Origin: https://127.0.0.1:$PORT" "$URL/check" | grep -q 'came by http; .*X-Forwarded-Proto (.*--trust-proxy'
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
	grep -qi '^location: \./$' "$BATS_TEST_TMPDIR/head"
	grep -i '^set-cookie:' "$BATS_TEST_TMPDIR/head" | grep -q 'HttpOnly; SameSite=Strict'
	[ "$(http_status /state -b "$jar")" = 200 ]
	[ "$(http_status /state -b kvm_session_$PORT=0000)" = 401 ]
	# The session table also has keys that are no cookies; this one has their form.
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
	# The cookie lives much longer than the 12 hours of a session, which each use restarts.
	grep -qi '^set-cookie:.*Max-Age=[0-9]\{8\}' "$BATS_TEST_TMPDIR/head"
	curl -s -X POST -b "$jar" -c "$jar" "$URL/logout"
	[ "$(http_status /state -b "$jar")" = 401 ]
	[ "$(URL=$one http_status /state -b "$jar")" = 200 ]
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
		# shellcheck disable=SC2086  # split into words
		start --passwords "$PASSWORDS" --trust-proxy $tls
		http=(-u ann:secret -H 'X-Forwarded-Proto: http')
		[ "$(http_status /state "${http[@]}" -H 'X-Forwarded-For: 192.0.2.9, 127.0.0.1')" = 200 ]
		[ "$(http_status /state "${http[@]}" -H 'X-Forwarded-For: [::1]:4711')" = 200 ]
		[ "$(http_status /state "${http[@]}" -H 'X-Forwarded-For: unix')" = 403 ]
		[ "$(http_status /state "${http[@]}" -H 'X-Forwarded-For;')" = 403 ]
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
	eventually grep -q 'passwords:1: .*the old passwords stay in force' "$ERR"
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
	eventually grep -q 'cert.pem.*; the old certificate stays in force' "$ERR"
	run ! grep -q 'passwords stay' "$ERR"
	[ "$(http_status /state -u bob:secret)" = 401 ]
	certificate second
	echo broken >"$PASSWORDS"
	kill -HUP $SERVER
	eventually grep -q '; the old passwords stay in force' "$ERR"
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
