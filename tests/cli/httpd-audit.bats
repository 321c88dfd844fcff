#!/usr/bin/env bats
# kvm-mjpeg-httpd(1), AUDIT: the trail of what people and programs did, and a file that only grows.
load httpd/server

setup() { TRAIL=$BATS_TEST_TMPDIR/trail; }
# trail: prints the lines of the file without their times.
trail() { sed -E 's/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z //' "$TRAIL"; }
# notes LINE: waits for that line.
notes() { eventually eval "trail | grep -qxE '$1'" || { cat "$TRAIL"; false; }; }

@test "who, when, from where, what: login, stream, actions, logout; in the file and on stderr" {
	passwords
	start --passwords "$PASSWORDS" --audit "$TRAIL"
	jar=$BATS_TEST_TMPDIR/jar
	before=$(date -u +%Y-%m-%dT%H:%M:%S)
	curl -s -c "$jar" -d 'name=ann&password=secret' "$URL/login"
	view /stream -b "$jar"
	eventually test -s "$SEEN"
	stop $VIEWER
	printf 'key a\ntype a secret text\nkey b\n# a comment\n' | curl -s -b "$jar" --data-binary @- "$URL/actions"
	curl -s -b "$jar" -d 'key hunter2' "$URL/actions"
	curl -s -X POST -b "$jar" "$URL/logout"
	notes 'stream closed from 127\.0\.0\.1 user=ann seconds=[0-9]+'
	[ "$(trail | grep -v '^stream closed')" = "$(cat <<-'END'
		login from 127.0.0.1 user=ann role=control by=password
		stream opened from 127.0.0.1 user=ann
		actions from 127.0.0.1 user=ann key=2 type=1
		actions from 127.0.0.1 user=ann refused=bad-line
		logout from 127.0.0.1 user=ann
	END
	)" ]
	[[ ! $(head -c 19 "$TRAIL") < $before ]]
	[ "$(stat -c %a "$TRAIL")" = 640 ]
	trail | sort >"$BATS_TEST_TMPDIR/in_file"
	sed -n 's/^kvm-mjpeg-httpd: //p' "$ERR" | grep ' user=' | sort | diff - "$BATS_TEST_TMPDIR/in_file"
	run ! grep -qE 'secret|hunter2|comment' "$TRAIL" "$ERR"
}

@test "failed logins: the name if it is one of ours, never what else was typed as a name" {
	passwords
	start --passwords "$PASSWORDS" --audit "$TRAIL" --trust-proxy
	curl -s -d 'name=ann&password=bad' -H 'X-Forwarded-For: 2001:db8::7' "$URL/login"
	curl -s -d 'name=MyPassw0rd&password=' "$URL/login"
	curl -s -u "$(printf 'x\nlogin from 127.0.0.1 user=bob'):y" "$URL/state"
	# An address that is none is not written either.
	curl -s -d 'name=bob&password=bad' -H 'X-Forwarded-For: 192.0.2.9 user=root' "$URL/login"
	[ "$(trail)" = "$(cat <<-'END'
		login failed from 2001:db8::7 user=ann
		login failed from 127.0.0.1 user=-
		login failed from 127.0.0.1 user=-
		login failed from 127.0.0.1 user=bob
	END
	)" ]
}

@test "a name cannot look like another fact or line" {
	hash=$(openssl passwd -6 -salt abcdefgh secret)
	printf '%s:%s:view\n' "$(printf 'eve user=root \033[2J\302\205\342\200\250\360\237\221\273\377"\\')" "$hash" '-' "$hash" >"$BATS_TEST_TMPDIR/p"
	start --passwords "$BATS_TEST_TMPDIR/p" --audit "$TRAIL"
	curl -s --data-urlencode "name=$(head -1 "$BATS_TEST_TMPDIR/p" | cut -d: -f1)" -d password=secret "$URL/login"
	curl -s -d 'name=-&password=secret' "$URL/login"
	[ "$(trail)" = "$(cat <<-'END'
		login from 127.0.0.1 user="eve user=root \u001b[2J\u0085\u2028\ud83d\udc7b\ufffd\"\\" role=view by=password
		login from 127.0.0.1 user="-" role=view by=password
	END
	)" ]
	# Another program reads the name back.
	[ "$(trail | sed -n '1s/.*user=\(".*"\) role=.*/\1/p' | python3 -c 'import json, sys; print(json.load(sys.stdin)[:13])')" = "eve user=root" ]
}

@test "the file only grows: appended to after a restart, opened again on SIGHUP, kept if it is bad" {
	start --audit "$TRAIL"
	curl -s -d 'key a' "$URL/actions"
	stop $SERVER 0
	start --audit "$TRAIL"
	curl -s -d 'key b' "$URL/actions"
	[ "$(trail)" = $'actions from 127.0.0.1 user=- key=1\nactions from 127.0.0.1 user=- key=1' ]
	mv "$TRAIL" "$TRAIL.1"
	curl -s -d 'key c' "$URL/actions"
	[ "$(wc -l <"$TRAIL.1")" -eq 3 ]
	kill -HUP $SERVER
	eventually test -e "$TRAIL"
	curl -s -d 'key d' "$URL/actions"
	[ "$(wc -l <"$TRAIL.1") $(wc -l <"$TRAIL")" = "3 1" ]
	mv "$TRAIL" "$TRAIL.2"
	ln -s "$TRAIL.2" "$TRAIL"
	kill -HUP $SERVER
	eventually grep -q "$TRAIL: .*; the old audit file stays in use" "$ERR"
	curl -s -d 'key e' "$URL/actions"
	[ "$(wc -l <"$TRAIL.2")" -eq 2 ]
}

@test "a file that others could change or replace, and one that is no file: refused, with the reason" {
	refused() {
		run --separate-stderr timeout 60 kvm-mjpeg-httpd -l 127.0.0.1:0 --audit "$2" </dev/null
		status_is "$1" && one_line kvm-mjpeg-httpd && [[ $stderr == *"$2"* || $stderr == *"${2%/*}"* ]]
	}
	touch "$TRAIL" && chmod 666 "$TRAIL"
	refused 77 "$TRAIL"
	chmod 640 "$TRAIL" && ln "$TRAIL" "$TRAIL.hard"
	refused 77 "$TRAIL"
	ln -s "$BATS_TEST_TMPDIR/new" "$TRAIL.link"
	refused 71 "$TRAIL.link"
	[ ! -e "$BATS_TEST_TMPDIR/new" ]
	mkfifo "$TRAIL.fifo"
	refused 66 "$TRAIL.fifo" # nobody reads it
	held "$TRAIL.held"
	refused 78 "$TRAIL.held"
	refused 78 /dev/null
	refused 66 "$BATS_TEST_TMPDIR/missing/trail"
	mkdir -m 777 "$BATS_TEST_TMPDIR/open"
	chmod 777 "$BATS_TEST_TMPDIR/open"
	refused 77 "$BATS_TEST_TMPDIR/open/trail"
}

@test "a full disc loses lines, says so once, and writes no half line" {
	mkdir "$BATS_TEST_TMPDIR/small"
	mount -t tmpfs -o size=4k,mode=755 none "$BATS_TEST_TMPDIR/small" 2>/dev/null || skip "may not mount"
	TRAIL=$BATS_TEST_TMPDIR/small/trail
	start --audit "$TRAIL"
	# 50 lines: of more than 60 a minute some would be left out.
	for _ in $(seq 50); do curl -s -d $'key a\ntype b\nmousemove 1 1\nbuttondown left\nbuttonup left' "$URL/actions" >/dev/null; done
	[ "$(grep -c 'an audit line is lost' "$ERR")" -eq 1 ]
	stop $SERVER 0
	cp "$TRAIL" "$BATS_TEST_TMPDIR/full"
	umount "$BATS_TEST_TMPDIR/small"
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/full")" -le 4096 ]
	[ "$(head -n -1 "$BATS_TEST_TMPDIR/full" | grep -cvE '^[^ ]+Z actions from 127.0.0.1 user=- .*key=1.*$')" -eq 0 ]
}
