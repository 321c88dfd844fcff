#!/usr/bin/env bats
# kvm-mjpeg-httpd(1) from the outside: the second factor, users whom a proxy has let in, and users of
# certain targets. Codes come from oathtool(1), lines of the password file from kvm-password(8).
load httpd/server

setup() {
	passwords
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/bin/chown" # this machine has no group kvmpi
	chmod +x "$BATS_TEST_TMPDIR/bin/chown"
	export STATE_DIRECTORY=$BATS_TEST_TMPDIR/state
	mkdir "$STATE_DIRECTORY"
}
password() { KVM_ETC=$BATS_TEST_TMPDIR PATH=$BATS_TEST_TMPDIR/bin:$PATH "$BATS_TEST_DIRNAME/../../scripts/kvm-password" "$@"; }
# enrol NAME: gives the user a second factor; sets SECRET and RECOVERY, the first recovery code.
enrol() {
	local said=$BATS_TEST_TMPDIR/said answer=$BATS_TEST_TMPDIR/answer
	mkfifo "$answer"
	password totp "$1" <"$answer" >"$said" 2>/dev/null 3>&- &
	exec 7>"$answer"
	eventually grep -q secret= "$said"
	SECRET=$(sed -n 's/.*secret=\([A-Z2-7]*\).*/\1/p' "$said")
	oathtool --totp -b "$SECRET" >&7
	exec 7>&-
	ends_with 0 $!
	RECOVERY=$(sed -n 's/^[a-z2-8]\{4\}\(-[a-z2-8]\{4\}\)\{3\}$/&/p' "$said" | head -1)
	[ -n "$RECOVERY" ]
}
# code [AGE]: the code that an app shows now, or so long ago ("30 seconds").
code() { oathtool --totp -b -N "${1:-0 seconds} ago" "$SECRET"; }
# login NAME PASSWORD CODE [CURL ARGS...]: prints the status of a login by the form.
login() { http_status /login -d "name=$1&password=$2" --data-urlencode "code=$3" "${@:4}"; }

@test "a second factor: password and code, the code once, also after a restart; recovery codes once" {
	enrol ann
	start --passwords "$PASSWORDS"
	[ "$(login ann secret '')" = 401 ]
	[ "$(login ann wrong "$(code)")" = 401 ]
	shown=$(code)
	[ "$(login ann secret "$shown" -c "$BATS_TEST_TMPDIR/jar")" = 303 ]
	[ "$(http_status /state -b "$BATS_TEST_TMPDIR/jar")" = 200 ]
	# Neither the code nor its password is good for anything else.
	[ "$(login ann secret "$shown")" = 401 ]
	stop $SERVER 0
	start --passwords "$PASSWORDS"
	[ "$(login ann secret "$shown")" = 401 ]
	[ "$(http_status /state -u ann:secret)" = 401 ]
	[ "$(http_status /state -u "ann:secret$(code)")" = 401 ]
	[ "$(login bob secret '')" = 303 ] || [ "$(login bob secret '')" = 429 ] # the address may have to wait
	stop $SERVER 0
	start --passwords "$PASSWORDS"
	[ "$(login ann secret "$RECOVERY")" = 303 ]
	[ "$(login ann secret "$RECOVERY")" = 401 ]
	grep -q '^kvm-mjpeg-httpd: login from 127.0.0.1 user=ann role=control by=password+code$' "$ERR"
	grep -q '^kvm-mjpeg-httpd: login failed from 127.0.0.1 user=ann wrong=code$' "$ERR"
	run ! grep -qE "$SECRET|$RECOVERY|$shown" "$ERR"
	run ! grep -rqE "$SECRET|$RECOVERY" "$STATE_DIRECTORY"
}

@test "a second factor: what it needs is said at the start" {
	enrol ann
	run --separate-stderr env -u STATE_DIRECTORY kvm-mjpeg-httpd -l 127.0.0.1:0 --passwords "$PASSWORDS" </dev/null
	status_is 78
	one_line kvm-mjpeg-httpd
	run --separate-stderr kvm-mjpeg-httpd -l 127.0.0.1:0 --passwords "$PASSWORDS" --used-codes "$BATS_TEST_TMPDIR/none/codes" </dev/null
	status_is 66
	one_line kvm-mjpeg-httpd
	sed -i 's/totp=[A-Z2-7]*/totp=GEZDGNBV/' "$PASSWORDS"
	run --separate-stderr kvm-mjpeg-httpd -l 127.0.0.1:0 --passwords "$PASSWORDS" </dev/null
	status_is 78
	one_line kvm-mjpeg-httpd
	run ! grep -q GEZDGNBV <<<"$stderr"
}

# by_socket PATH [CURL ARGS...]: prints the status of an answer on the unix socket.
by_socket() { URL=http://localhost http_status "$1" --unix-socket "$BATS_TEST_TMPDIR/sock" "${@:2}"; }

@test "a proxy's user: by its unix socket alone, by loopback with its secret, from nowhere else" {
	echo 'cy@example.org:*:view' >>"$PASSWORDS"
	echo 'a secret of the proxy' >"$BATS_TEST_TMPDIR/proxy"
	chmod 600 "$BATS_TEST_TMPDIR/proxy"
	header='Remote-User: cy@example.org'
	start --passwords "$PASSWORDS" --user-header Remote-User --proxy-secret "$BATS_TEST_TMPDIR/proxy" -l "unix:$BATS_TEST_TMPDIR/sock"
	[ "$(by_socket /state -H "$header")" = 200 ]
	[ "$(by_socket /actions -H "$header" -d 'key a')" = 403 ]
	[ "$(by_socket /actions -H 'remote-user: ann' -d 'key a')" = 200 ]
	[ "$(by_socket /state -H 'Remote-User: nobody')" = 403 ]
	[ "$(by_socket /state -H "$header" -H 'Remote-User: ann')" = 400 ]
	[ "$(by_socket /state -H 'Remote-User: ann' -H 'Remote-User: ann')" = 400 ]
	[ "$(by_socket /state)" = 401 ]
	[ "$(by_socket /state -H 'Remote-User;')" = 401 ]
	[ "$(by_socket /state -H "$header" -u ann:wrong)" = 200 ]
	[ "$(http_status /state -H "$header")" = 403 ]
	[ "$(http_status /state -H "$header" -H 'X-Kvm-Proxy-Secret: a secret of another')" = 403 ]
	[ "$(http_status /state -H "$header" -H 'X-Kvm-Proxy-Secret: a secret of the proxy')" = 200 ]
	# The header goes before a cookie or password, right or not: only the proxy may send it.
	[ "$(http_status /state -H "$header" -u ann:secret)" = 403 ]
	# Such a user has no password, not even an empty one.
	[ "$(http_status /state -u cy@example.org:)" = 401 ]
	[ "$(http_status /state -u 'cy@example.org:*')" = 401 ]
	grep -q 'login failed from 127.0.0.1 user=- why="only the proxy' "$ERR"
	# A stranger cannot fill the disc with refused headers.
	curl -s -o "$BATS_TEST_TMPDIR/refused" -H 'Remote-User: ann' "$URL/state?[1-200]"
	[ "$(grep -c 'why="only the proxy' "$ERR")" -le 60 ]
	run ! grep -q 'secret of' "$ERR"
}

@test "a proxy's user who is taken out of the file is out, with the stream" {
	start --passwords "$PASSWORDS" --user-header Remote-User -l "unix:$BATS_TEST_TMPDIR/sock"
	URL=http://localhost view /stream --unix-socket "$BATS_TEST_TMPDIR/sock" -H 'Remote-User: bob'
	eventually test -s "$SEEN"
	sed -i /bob/d "$PASSWORDS"
	kill -HUP $SERVER
	ends_with 0 $VIEWER
	[ "$(by_socket /state -H 'Remote-User: bob')" = 403 ]
}

@test "from another machine no secret helps, and no X-Forwarded-For" {
	echo 'a secret of the proxy' >"$BATS_TEST_TMPDIR/proxy"
	chmod 600 "$BATS_TEST_TMPDIR/proxy"
	cat >"$BATS_TEST_TMPDIR/ask" <<-'END'
		ip link set lo up && ip addr add 192.0.2.77/32 dev lo
		sleep 600 | kvm-mjpeg-httpd -l 192.0.2.77:8080 -l 127.0.0.1:8080 --passwords passwords --user-header Remote-User \
			--proxy-secret proxy --trust-proxy >actions 2>err &
		until grep -q '//127.0.0.1' err; do sleep 0.05; done
		for address in 127.0.0.1 192.0.2.77; do
			curl -s -o /dev/null -w '%{http_code} ' -H 'Remote-User: ann' -H 'X-Kvm-Proxy-Secret: a secret of the proxy' \
				-H 'X-Forwarded-For: 127.0.0.1' "http://$address:8080/state"
		done
		kill $(jobs -p)
	END
	cd "$BATS_TEST_TMPDIR"
	run unshare --user --map-root-user --net --pid --fork --kill-child bash ask
	[ "$output" = "200 403 " ] || { echo "$output"; cat err; false; }
}

@test "--user-header without users, and a short secret: refused with the reason" {
	run --separate-stderr kvm-mjpeg-httpd -l 127.0.0.1:0 --user-header Remote-User </dev/null
	status_is 64 && one_line kvm-mjpeg-httpd
	run --separate-stderr kvm-mjpeg-httpd -l 127.0.0.1:0 --passwords "$PASSWORDS" --proxy-secret "$PASSWORDS" </dev/null
	status_is 64 && one_line kvm-mjpeg-httpd
	echo short >"$BATS_TEST_TMPDIR/proxy"
	chmod 600 "$BATS_TEST_TMPDIR/proxy"
	run --separate-stderr kvm-mjpeg-httpd -l 127.0.0.1:0 --passwords "$PASSWORDS" --user-header X --proxy-secret "$BATS_TEST_TMPDIR/proxy" </dev/null
	status_is 78 && one_line kvm-mjpeg-httpd
	[[ $stderr != *": short"* ]]
}

@test "rights per target: a user or token of other targets is a stranger here" {
	token=$(password token create ci control)
	password targets ann db1
	password targets ci db2 db1
	start --passwords "$PASSWORDS" --target db1
	[ "$(http_status /state -u ann:secret)" = 200 ]
	[ "$(http_status /state -u bob:secret)" = 200 ]
	[ "$(http_status /state --oauth2-bearer "$token")" = 200 ]
	stop $SERVER 0
	start --passwords "$PASSWORDS" --target db2
	[ "$(login ann secret '')" = 401 ]
	[ "$(http_status /state -u bob:secret)" = 200 ]
	[ "$(http_status /state --oauth2-bearer "$token")" = 200 ]
	password targets ci db1
	kill -HUP $SERVER
	eventually eval '[ "$(http_status /state --oauth2-bearer "$token")" != 200 ]'
	stop $SERVER 0
	# A server that does not know what it serves must not guess.
	run --separate-stderr kvm-mjpeg-httpd -l 127.0.0.1:0 --passwords "$PASSWORDS" </dev/null
	status_is 78 && one_line kvm-mjpeg-httpd
	password targets ann
	password targets ci
	start --passwords "$PASSWORDS"
	[ "$(http_status /state -u ann:secret)" = 200 ]
}

@test "files that others could replace, or that never end, are refused at once" {
	mkdir "$BATS_TEST_TMPDIR/open"
	chmod 777 "$BATS_TEST_TMPDIR/open"
	cp -p "$PASSWORDS" "$BATS_TEST_TMPDIR/open/passwords"
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	echo 'a secret of the proxy' >"$BATS_TEST_TMPDIR/secret"
	chmod 644 "$BATS_TEST_TMPDIR/secret"
	with_code=$BATS_TEST_TMPDIR/with-code
	{ sed 's/$/:control/; s/:[a-z]*:control$/:control/; s/$/:totp=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ/' | head -1; } <"$PASSWORDS" >"$with_code"
	refused() { # refused STATUS OPTION...
		run --separate-stderr timeout 60 kvm-mjpeg-httpd -l 127.0.0.1:0 "${@:2}" </dev/null
		status_is "$1" && one_line kvm-mjpeg-httpd
	}
	refused 77 --passwords "$BATS_TEST_TMPDIR/open/passwords"
	refused 78 --passwords "$BATS_TEST_TMPDIR/fifo"
	refused 78 --passwords "$PASSWORDS" --user-header X --proxy-secret "$BATS_TEST_TMPDIR/fifo"
	refused 78 --passwords "$PASSWORDS" --user-header X --proxy-secret "$BATS_TEST_TMPDIR/secret"
	[[ $stderr == *"chmod o-r"* ]]
	refused 78 --passwords "$with_code" --used-codes "$BATS_TEST_TMPDIR/fifo"
	refused 77 --passwords "$with_code" --used-codes "$BATS_TEST_TMPDIR/open/used"
}
