#!/usr/bin/env bats
# kvm-mjpeg-httpd(1) from the outside: action lines, the keyboard's status and layouts (see also httpd/test_input.py).
load httpd/server

@test "when nobody reads the actions, the server goes on view-only and says so" {
	OUT=$BATS_TEST_TMPDIR/pipe
	mkfifo "$OUT"
	head -1 "$OUT" >/dev/null 3>&- &
	start
	state_is result.kvm.input '"ok"'
	curl -s -d 'key a' "$URL/actions" | json_is ok true
	eventually state_is result.kvm.input '"view-only"'
	curl -s -d 'key a' "$URL/actions" | grep 'view only'
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
	state_is result.kvm.keyboard null
	{ echo 'not json'; echo '{"t":1,"keyboard":"ready","leds":["caps"],"done":17,"failed":0,"layout":"de"}'; } >"$BATS_TEST_TMPDIR/status"
	eventually state_is result.kvm.keyboard \
		'{"state":"ready","leds":["caps"],"done":17,"failed":0,"layout":"de","devices":null}'
	echo '{"keyboard":"asleep","leds":[],"done":18,"failed":1}' >"$BATS_TEST_TMPDIR/status"
	eventually state_is result.kvm.keyboard.state '"asleep"'
	echo '{"keyboard":"ready","devices":["keyboard","mouse"]}' >"$BATS_TEST_TMPDIR/status"
	eventually state_is result.kvm.keyboard.devices '["keyboard","mouse"]'
	run --separate-stderr kvm-mjpeg-httpd -l 127.0.0.1:0 --status /nowhere/fifo </dev/null
	status_is 66
}

@test "/check knows the options of the kvm-type that writes the status" {
	mkfifo "$BATS_TEST_TMPDIR/status"
	start --status "$BATS_TEST_TMPDIR/status"
	missing() { # missing CHARACTERS OPTION...: those of "a€ж日" that /check lists, beside such a kvm-type
		local characters=$1
		shift
		echo sleep 60000 | kvm-type -a --dry-run --status "$BATS_TEST_TMPDIR/status" "$@" >/dev/null 3>&- &
		eventually state_is result.kvm.keyboard.layout "\"${layout-us}\""
		lists() { [ "$(curl -s --data-binary 'a€ж日' "$URL/check" | grep -o '"char":"[^"]*"' | cut -d'"' -f4 | tr -d '\n')" = "$characters" ]; }
		eventually lists
		stop $!
	}
	missing €ж日
	layout=de missing ж日 -l de
	missing ж日 --replace €=EUR
	missing €日 --replace ж=zh
	missing '' --skip
	missing '' --unicode linux
}

@test "/check and /layouts speak of layouts" {
	start
	curl -s --data-binary 'a€' "$URL/check?layout=us" |
		json_is . '{"ok":false,"untypable":[{"char":"€","line":1,"column":2}]}'
	curl -s --data-binary 'a€' "$URL/check?layout=de" | json_is . '{"ok":true,"untypable":[]}'
	curl -s --data-binary 'a`' "$URL/check?layout=it" | json_is ok true
	curl -s --data-binary 'a`' "$URL/check?layout=it@windows" | json_is ok false
	[ "$(http_status "/check?layout=nosuch" -d a)" = 400 ]
	[ "$(http_status "/check?layout=it@dos" -d a)" = 400 ]
	curl -s "$URL/layouts" | grep -q '{"name":"de","variant":"nodeadkeys",'
	[ "$(curl -s "$URL/legends?layout=de@mac")" = "$(curl -s "$URL/legends?layout=de")" ]
	curl -s "$URL/legends?layout=de" | json_is q '["q","Q","@","Ω"]'
	for level in 0:^ 1:¨; do curl -s "$URL/legends?layout=fr" | json_is "leftbrace.${level%:*}" "\"${level#*:}\""; done
	[ "$(http_status "/legends?layout=nosuch")" = 400 ]
	# A name that is a path is refused: opening a FIFO would block the server for everybody.
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	for name in "../../../../..$BATS_TEST_TMPDIR/fifo" "us(../../../../..$BATS_TEST_TMPDIR/fifo)" de%0a de%00 ""; do
		[ "$(http_status "/legends?layout=$name" --max-time 30)" = 400 ]
		[ "$(http_status "/check?layout=$name" --max-time 30 -d a)" = 400 ]
	done
}
