#!/usr/bin/env bats
# kvm-password: hashes that crypt(3) takes, files that only the right users can read.
load common

setup() {
	export KVM_ETC=$T/etc
	mkdir "$KVM_ETC"
	# This machine has no group kvmpi: a stand-in for chown(1) records its arguments.
	mkdir "$T/bin"
	printf '#!/bin/sh\necho "$@" >>"%s/chown"\n' "$T" >"$T/bin/chown"
	chmod +x "$T/bin/chown"
	PATH=$T/bin:$PATH
}
password() { "$SRC/scripts/kvm-password" "$@"; }
# verifies PASSWORD NAME: checks a password as the server does, with crypt(3).
verifies() {
	perl -e 'my ($password, $hash) = @ARGV; exit !(crypt($password, $hash) eq $hash)' \
		"$1" "$(awk -F: -v name="$2" '$1 "" == name { print $2 }' "$KVM_ETC/passwords")"
}

@test "create: a password of its own each time, shown once, never in messages" {
	run password create
	status_is 0
	said=$output
	[ "$(stat -c %a "$KVM_ETC/passwords" "$KVM_ETC/first-password" | xargs)" = "640 600" ]
	grep -q 'root:kvmpi' "$T/chown"
	run password first
	status_is 0
	[[ $output =~ ^user\ admin,\ password\ ([a-z2-8]{4}(-[a-z2-8]{4}){3})$ ]]
	secret=${BASH_REMATCH[1]}
	[[ $said != *"$secret"* ]]
	verifies "$secret" admin
	run -1 verifies "${secret}x" admin
	run -1 grep -rq "$secret" "$KVM_ETC"
	run --separate-stderr password first
	status_is 66 && one_line kvm-password

	cp "$KVM_ETC/passwords" "$T/before"
	run password create
	status_is 0 && [ -z "$output" ]
	cmp "$T/before" "$KVM_ETC/passwords"
	rm "$KVM_ETC/passwords"
	password create
	[ "$(password first)" != "user admin, password $secret" ]
}

@test "create: one line of messages where SIGPIPE is ignored, as systemd has it" {
	run bash -c "trap '' PIPE; exec '$SRC/scripts/kvm-password' create"
	status_is 0 && [ "${#lines[@]}" -eq 1 ]
}

@test "first: not a password that was replaced since" {
	password create
	echo 'another one' | password set admin
	run --separate-stderr password first
	status_is 66 && one_line kvm-password
}

@test "set replaces, remove removes, list lists; others' lines stay" {
	echo 'first secret' | password set anna view
	echo 'p@ss:w"ord $1 \n' | password set bob
	echo 'second secret' | password set anna control
	[ "$(password list | sort)" = $'anna\tcontrol\nbob\tcontrol' ]
	verifies 'second secret' anna
	verifies 'p@ss:w"ord $1 \n' bob
	run -1 verifies 'first secret' anna
	password remove anna
	[ "$(password list)" = $'bob\tcontrol' ]
	run --separate-stderr password remove b.b
	status_is 1
	run --separate-stderr password remove anna
	status_is 1 && one_line kvm-password
}

@test "set without a role keeps the role, and says the role" {
	echo 'first secret' | password set eve view
	run password set eve <<<'second secret'
	status_is 0
	[ "$output" = 'kvm-password: eve: the password is set, the role is view' ]
	[ "$(password list)" = $'eve\tview' ]
	verifies 'second secret' eve
	run password set bob <<<'third secret'
	[[ $output == *'the role is control' ]]
	run password set eve control <<<'fourth secret'
	[[ $output == *'the role is control' ]]
	[ "$(password list | sort)" = $'bob\tcontrol\neve\tcontrol' ]
	run --separate-stderr password set bob '' <<<'long enough'
	status_is 64
}

@test "many at the same time lose no line" {
	for number in 1 2 3 4 5 6 7 8; do
		echo "long enough $number" | password set "user$number" view 3>&- &
	done
	wait
	[ "$(password list | wc -l)" -eq 8 ]
	for number in 1 2 3 4; do password remove "user$number" 3>&- & done
	for number in 5 6; do echo "another one $number" | password set "user$number" 3>&- & done
	for number in 1 2 3; do password token create "token$number" >/dev/null 3>&- & done
	password targets user8 db1 3>&- &
	wait
	[ "$(password token list | wc -l)" -eq 3 ]
	grep -q '^user8:.*:targets=db1$' "$KVM_ETC/passwords"
	[ "$(password list | sort)" = $'user5\tview\nuser6\tview\nuser7\tview\nuser8\tview' ]
	verifies 'another one 5' user5
}

@test "a password keeps its blanks" {
	printf ' \tlong enough \n' | password set anna
	verifies $' \tlong enough ' anna
	run -1 verifies 'long enough' anna
	# The same on a terminal.
	printf '  long  \n  long  \n' | script -qec "'$SRC/scripts/kvm-password' set bob" /dev/null
	verifies '  long  ' bob
}

@test "names that are numbers are names" {
	for name in 7 007 7.0; do echo "long enough $name" | password set $name; done
	for name in 7 007 7.0; do verifies "long enough $name" $name; done
	password remove 007
	[ "$(password list | cut -f 1)" = $'7\n7.0' ]
	run password remove 07
	status_is 1
}

@test "another user than root: 77, before a password is asked for" {
	unset KVM_ETC
	printf '#!/bin/sh\necho 1000\n' >"$T/bin/id"
	chmod +x "$T/bin/id"
	for job in 'set anna' 'remove anna' list first create 'token create ci' 'token list' 'token revoke ci'; do
		# shellcheck disable=SC2086  # split into words
		run --separate-stderr password $job <<<'long enough'
		status_is 77 && one_line kvm-password
	done
}

@test "refused: short, none, a name or role that would break the file" {
	run --separate-stderr password set anna <<<short
	status_is 65 && one_line kvm-password
	run --separate-stderr password set anna </dev/null
	status_is 65
	for name in '' 'a:b' $'a\nb' -x 'a b'; do
		run --separate-stderr password set "$name" <<<'long enough'
		status_is 64
	done
	run --separate-stderr password set anna root <<<'long enough'
	status_is 64
	[ ! -e "$KVM_ETC/passwords" ]
}

@test "token: shown once, only its hash is kept; listed and revoked; users stay" {
	echo 'long enough' | password set anna view
	token=$(password token create ci control 2099-12-31)
	[[ $token =~ ^kvm_[0-9a-f]{64}$ ]]
	[ "$(password token create prometheus)" != "$token" ]
	password token create forever view never
	run -1 grep -rq "$token" "$KVM_ETC"
	grep -qxF "ci:\$token\$$(printf %s "$token" | sha256sum | cut -d' ' -f1):control:expires=2099-12-31" "$KVM_ETC/passwords"
	[ "$(password token list | sort)" = $'ci\tcontrol\t2099-12-31\nforever\tview\tnever\nprometheus\tview\t'"$(date -ud '1 year' +%F)" ]
	[ "$(password list)" = $'anna\tview' ]
	password token revoke ci
	[ "$(password token list | cut -f1 | sort | xargs)" = "forever prometheus" ]
	verifies 'long enough' anna
	[ "$(stat -c %a "$KVM_ETC/passwords")" = 640 ]
}

@test "token: refused: a name in use, a day that is over, a role or word that is none" {
	echo 'long enough' | password set anna
	password token create ci
	cp "$KVM_ETC/passwords" "$T/before"
	refused() {
		run --separate-stderr password "${@:2}" <<<'long enough'
		status_is "$1" && one_line kvm-password
	}
	refused 75 token create anna
	refused 75 token create ci
	refused 75 set ci
	refused 1 remove ci
	refused 1 token revoke anna
	refused 1 token revoke nobody
	refused 64 token create new view yesterday
	refused 64 token create new view today
	refused 64 token create new view soonish
	refused 64 token create new root
	refused 64 token create 'a:b'
	refused 64 token create new view never more
	refused 64 token
	refused 64 token destroy ci
	cmp "$T/before" "$KVM_ETC/passwords"
}

@test "totp: nothing changes before the app shows the right code; set keeps it, off removes it" {
	echo 'long enough' | password set anna view
	password targets anna db1 db2
	cp "$KVM_ETC/passwords" "$T/before"
	for answer in 000000 '' 'a b'; do
		run --separate-stderr password totp anna <<<"$answer"
		status_is 65
		cmp "$T/before" "$KVM_ETC/passwords"
	done
	mkfifo "$T/answer"
	password totp anna <"$T/answer" >"$T/said" 3>&- &
	exec 7>"$T/answer"
	eventually grep -q secret= "$T/said"
	secret=$(sed -n 's|^otpauth://totp/kvm-[^:]*:anna?secret=\([A-Z2-7]\{32\}\)&issuer=kvm-.*|\1|p' "$T/said")
	oathtool --totp -b -N '30 seconds ago' "$secret" | sed 's/.../& /' >&7 # as apps group the digits
	exec 7>&-
	ends_with 0 $!
	[ "$(grep -cE '^([a-z2-8]{4}-){3}[a-z2-8]{4}$' "$T/said")" -eq 10 ]
	first=$(printf %s "$(sed -n 's/-//g; 3p' "$T/said")" | sha256sum | cut -d' ' -f1)
	[[ $(cat "$KVM_ETC/passwords") =~ ^anna:[^:]*:view:targets=db1,db2:totp=$secret:recovery=$first(,[0-9a-f]{64}){9}$ ]]
	echo 'another one' | password set anna view
	verifies 'another one' anna
	grep -q ":totp=$secret:" "$KVM_ETC/passwords"
	password totp anna off
	[[ $(cat "$KVM_ETC/passwords") =~ ^anna:[^:]*:view:targets=db1,db2$ ]]
	password targets anna
	[[ $(cat "$KVM_ETC/passwords") =~ ^anna:[^:]*:view$ ]]
	[ "$(password list)" = $'anna\tview' ]
	for job in 'totp bob' 'targets bob db1'; do
		# shellcheck disable=SC2086  # split into words
		run --separate-stderr password $job </dev/null
		status_is 1 && one_line kvm-password
	done
	for job in 'totp anna on' 'targets anna db:1' 'targets anna a,b'; do
		# shellcheck disable=SC2086  # split into words
		run --separate-stderr password $job </dev/null
		status_is 64 && one_line kvm-password
	done
}
