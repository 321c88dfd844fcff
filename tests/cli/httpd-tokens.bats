#!/usr/bin/env bats
# kvm-mjpeg-httpd(1), Tokens, from the outside, with tokens of kvm-password(8).
load httpd/server

setup() {
	passwords
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/bin/chown" # this machine has no group kvmpi
	chmod +x "$BATS_TEST_TMPDIR/bin/chown"
	WATCH=$(password token create watch view)
	PRESS=$(password token create press control '2 days')
}
password() { KVM_ETC=$BATS_TEST_TMPDIR PATH=$BATS_TEST_TMPDIR/bin:$PATH "$BATS_TEST_DIRNAME/../../scripts/kvm-password" "$@"; }
# with TOKEN PATH [CURL ARGS...]: prints the status of an answer.
with() { http_status "$2" -H "Authorization: Bearer $1" "${@:3}"; }

@test "a token reads, and presses keys if its role is control; no session, no cookie" {
	start --passwords "$PASSWORDS"
	for path in /state '/snapshot?wait=60' /metrics /layouts /; do [ "$(with "$WATCH" "$path")" = 200 ]; done
	[ "$(with "$WATCH" /actions -d 'key a')" = 403 ]
	[ ! -s "$OUT" ]
	[ "$(with "$PRESS" /actions -d 'key b')" = 200 ]
	[ "$(cat "$OUT")" = "key b" ]
	curl -si -H "authorization: bearer $WATCH" "$URL/state" >"$BATS_TEST_TMPDIR/head"
	grep -q '^HTTP/1.1 200' "$BATS_TEST_TMPDIR/head"
	run ! grep -qi '^set-cookie' "$BATS_TEST_TMPDIR/head"
	# The header as curl's own option and as a file, as the man page has it.
	[ "$(http_status /state --oauth2-bearer "$WATCH")" = 200 ]
	echo "header = \"Authorization: Bearer $WATCH\"" >"$BATS_TEST_TMPDIR/curlrc"
	[ "$(http_status /state -K "$BATS_TEST_TMPDIR/curlrc")" = 200 ]
}

@test "what is no token: cut, longer, hashed, a password, with a second login" {
	start --passwords "$PASSWORDS"
	hash=$(printf %s "$WATCH" | sha256sum | cut -d' ' -f1)
	# After four wrong tokens the answer is 429 for a while.
	for wrong in "${WATCH%?}" "${WATCH}0" "$hash" "\$token\$$hash" "${WATCH^^}" ''; do
		[[ $(with "$wrong" /state) == 4[02][19] ]]
	done
	[ "$(with "$WATCH" /state)" = 200 ]
	# A name and a password are not delayed, and do not take a token's place.
	[ "$(http_status /state -u ann:secret)" = 200 ]
	[ "$(http_status /state -u "watch:$WATCH")" = 401 ]
	[ "$(http_status /state -b "kvm_session_$PORT=\$token\$$hash")" = 401 ]
	[ "$(http_status "/state?token=$WATCH")" = 401 ]
	[ "$(http_status /login -d "name=watch&password=$WATCH")" = 401 ]
	[ "$(with "$WATCH" /state -H "Authorization: Bearer $PRESS")" = 400 ]
	# A wrong token is refused although the cookie would do: the sender meant the token.
	curl -s -c "$BATS_TEST_TMPDIR/jar" -d 'name=ann&password=secret' "$URL/login"
	[ "$(http_status /state -b "$BATS_TEST_TMPDIR/jar")" = 200 ]
	[[ $(with "$hash" /state -b "$BATS_TEST_TMPDIR/jar") == 4[02][19] ]]
	grep -q 'token refused from 127.0.0.1 ' "$ERR"
	run ! grep -qE "$WATCH|$PRESS|$hash" "$ERR"
}

@test "an expired token is refused and named as such, and does not delay anybody" {
	sed -i 's/^press:\(.*\)expires=.*/press:\1expires=2020-01-01/' "$PASSWORDS"
	start --passwords "$PASSWORDS"
	for _ in 1 2 3 4 5 6; do [ "$(with "$PRESS" /actions -d 'key a')" = 401 ]; done
	curl -si -H "Authorization: Bearer $PRESS" "$URL/state" | tr -d '\r' >"$BATS_TEST_TMPDIR/answer"
	grep -q '^{.*expired' "$BATS_TEST_TMPDIR/answer"
	grep -qi '^www-authenticate: Bearer .*invalid_token' "$BATS_TEST_TMPDIR/answer"
	[ ! -s "$OUT" ]
}

@test "a revoked token is out after SIGHUP, its stream too; the others stay" {
	start --passwords "$PASSWORDS"
	view /stream -H "Authorization: Bearer $WATCH"
	watcher=$VIEWER watched=$SEEN
	eventually test -s "$watched"
	password token revoke watch
	kill -HUP $SERVER
	ends_with 0 $watcher
	[ "$(with "$WATCH" /state)" = 401 ]
	[ "$(with "$PRESS" /state)" = 200 ]
	[ "$(http_status /state -u ann:secret)" = 200 ]
}

@test "a token is not taken over a readable network" {
	start --passwords "$PASSWORDS" --trust-proxy
	[ "$(with "$WATCH" /state -H 'X-Forwarded-For: 192.0.2.9')" = 403 ]
	[ "$(with "$WATCH" /state -H 'X-Forwarded-For: 192.0.2.9' -H 'X-Forwarded-Proto: https')" = 200 ]
}

@test "a file of tokens alone lets nobody in by a password" {
	sed -i '/^ann\|^bob/d' "$PASSWORDS"
	start --passwords "$PASSWORDS"
	[ "$(with "$PRESS" /state)" = 200 ]
	[ "$(http_status /state -u press:)" = 401 ]
	[ "$(http_status /state -u :)" = 401 ]
	[ "$(http_status /login -d 'name=&password=')" = 401 ]
}

@test "kvm-password writes to no file that somebody prepared as its new one" {
	echo mine >"$BATS_TEST_TMPDIR/victim"
	ln -s "$BATS_TEST_TMPDIR/victim" "$BATS_TEST_TMPDIR/passwords.new"
	password token create planted
	[ "$(cat "$BATS_TEST_TMPDIR/victim")" = mine ]
	[ -f "$PASSWORDS" ] && [ ! -L "$PASSWORDS" ]
	[ "$(find "$BATS_TEST_TMPDIR" -name "tmp.*")" = "" ]
}

@test "another process that has the folder locked does not hold kvm-password up" {
	exec 8<"$BATS_TEST_TMPDIR"
	flock 8 # whoever can open a folder can lock it
	password token revoke watch 8<&-
	run ! grep -q '^watch:' "$PASSWORDS"
	[ "$(stat -c %a "$PASSWORDS.lock")" = 600 ]
}
