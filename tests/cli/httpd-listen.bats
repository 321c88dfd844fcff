#!/usr/bin/env bats
# kvm-mjpeg-httpd(1) from the outside: Unix sockets (see also httpd/test_listen.py).
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
