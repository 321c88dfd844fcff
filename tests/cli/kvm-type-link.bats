#!/usr/bin/env bats
# kvm-type writes to device nodes, here FIFOs in a simulated /sys, which take reports like a USB
# host that is always ready. tests/vm tests kvm-type with the kernel's USB host.
load common
load sysfs

setup() {
	play_sysfs
	controller played dummy_udc configured
	udc=$udcs/played
	hid_gadget played keyboard pointer mouse
	exec 4<>"$KVM_SYSFS_ROOT/dev/char/244:0" 5<>"$KVM_SYSFS_ROOT/dev/char/244:1" \
		6<>"$KVM_SYSFS_ROOT/dev/char/244:2"
}

teardown() { sweep; }

# reports FD COUNT SIZE: reads COUNT reports of SIZE bytes and prints each on a line. taken does the
# same, and fails if there are more.
reports() { timeout 30 head -c $(($2 * $3)) <&"$1" | od -An -v -tx1 -w"$3" | sed 's/^ //'; }
taken() {
	reports "$@"
	echo end >&"$1"
	[ "$(timeout 30 head -c 4 <&"$1" | tr -d '\0')" = end ]
}
# The report when no key is down. kvm-type -a sends it twice: at its start, to release leftovers,
# and as the probe before its first key.
none="00 00 00 00 00 00 00 00"

@test "a text: nothing down at first, then each key down and up, one report a write" {
	run kvm-type <<<'aB'
	status_is 0
	[ "$(taken 4 7 8)" = "$none
00 00 04 00 00 00 00 00
$none
02 00 05 00 00 00 00 00
$none
00 00 28 00 00 00 00 00
$none" ]
}

# one_place FD: gives the FIFO a single buffer: while it holds a report it is busy, like a device.
one_place() { python3 -c 'import fcntl, sys; fcntl.fcntl(int(sys.argv[1]), 1031, 4096)' "$1"; } # F_SETPIPE_SZ
# polls_mouse FILE: takes a report of the mouse every 10 ms and writes its movement to FILE.
polls_mouse() {
	exec python3 -c 'import os, sys, time
with open(sys.argv[1], "a", buffering=1) as moves:
    while report := os.read(6, 5):
        print(*(byte - 256 * (byte > 127) for byte in report[1:3]), file=moves)
        time.sleep(0.01)' "$1" 3>&-
}
# moved FILE X Y: checks that the movements in FILE add up to X and Y.
moved() { [ "$(awk '{ x += $1; y += $2 } END { print x + 0, y + 0 }' "$1")" = "$2 $3" ]; }

@test "all that moves arrives, though the input ends while the device is busy" {
	one_place 6
	seq -f 'mousemove 1 -%g' 20 >"$BATS_TEST_TMPDIR/lines"
	polls_mouse "$BATS_TEST_TMPDIR/moves" &
	# A busy machine may poll the mouse seldom: the time limit only ends a test that hangs.
	type='kvm-type -a --timeout 120'
	for way in "<'$BATS_TEST_TMPDIR/lines' $type" "$type -f '$BATS_TEST_TMPDIR/lines'" \
		"cat '$BATS_TEST_TMPDIR/lines' | $type --status '$BATS_TEST_TMPDIR/status'"; do
		: >"$BATS_TEST_TMPDIR/moves"
		run bash -c "$way"
		status_is 0
		eventually moved "$BATS_TEST_TMPDIR/moves" 20 -210
	done
	[[ $(tail -n 1 "$BATS_TEST_TMPDIR/status") == *'"done":20,"failed":0'* ]]
	[[ $(tail -n 1 "$BATS_TEST_TMPDIR/status") == *'"devices":["keyboard","pointer","mouse"]'* ]]
}

@test "the action wake and --wake together wake a sleeping host once" {
	echo suspended >"$udc/state"
	mkfifo "$udc/srp"
	exec 7<>"$udc/srp"
	run --separate-stderr kvm-type -a --wake --timeout 1 <<<$'wake\nkey a'
	status_is 75
	echo . >&7
	[ "$(timeout 30 head -n 1 <&7)" = 1. ]
}

@test "the last movement of a file is not taken: 75" {
	one_place 5
	echo 'mouseto 1 1' >"$BATS_TEST_TMPDIR/lines"
	for options in '' --ack '--status /dev/null'; do
		# shellcheck disable=SC2086  # split into words
		run --separate-stderr kvm-type -a --timeout 0.3 -f "$BATS_TEST_TMPDIR/lines" $options
		status_is 75
		[[ $output$stderr == *'takes no reports'* ]]
		[[ $options == --ack || $stderr == *'line 1: '* ]]
	done
}

@test "a pointer report that is taken late, or never" {
	one_place 5
	{ sleep 1.2 && timeout 30 head -c 14 <&5 | od -An -v -tx1 -w7 >"$BATS_TEST_TMPDIR/places"; } 3>&- &
	run timeout 30 kvm-type -a <<<$'mouseto 1 1\nmouseto 0 0'
	status_is 0
	wait $!
	[ "$(cat "$BATS_TEST_TMPDIR/places")" = " 00 ff 7f ff 7f 00 00
 00 00 00 00 00 00 00" ]
	run --separate-stderr timeout 30 kvm-type -a --timeout 2 <<<$'mouseto 1 1\nmouseto 0 0'
	status_is 75
	[[ $stderr == *'takes no reports'* ]]
}

@test "both mice" {
	run kvm-type -a <<<$'mouseto 1.0 0.5\nclick left\nmousemove -3 200'
	status_is 0
	[ "$(taken 5 3 7)" = "00 ff 7f 00 40 00 00
01 ff 7f 00 40 00 00
00 ff 7f 00 40 00 00" ]
	[ "$(taken 6 3 5)" = "00 00 00 00 00
00 ff 64 00 00
00 fe 64 00 00" ]
}

@test "a gadget without a mouse: the pointer clicks, once it is placed" {
	rm -r "$KVM_SYSFS_ROOT/sys/kernel/config/usb_gadget/kvm/functions/hid.mouse"
	run --separate-stderr kvm-type -a <<<'click left'
	status_is 66
	[[ $stderr == *'line 1: the gadget has no mouse, and its pointer has no position yet'* ]]
	run kvm-type -a --ack <<<$'mouseto 1 0\nmousemove 1 1\nclick left'
	status_is 66
	[ "$output" = "ok
error: the gadget has no mouse (kvm-gadget-setup up makes one)
ok" ]
	[ "$(taken 5 3 7)" = "00 ff 7f 00 00 00 00
01 ff 7f 00 00 00 00
00 ff 7f 00 00 00 00" ]
}

# hold_a: starts $typist, which holds A down until its input, descriptor 7, is closed.
hold_a() {
	local lines=$BATS_TEST_TMPDIR/lines
	rm -f "$lines"
	mkfifo "$lines"
	env --default-signal=INT kvm-type -a <"$lines" 3>&- &
	typist=$!
	exec 7>"$lines"
	echo 'keydown shift+a' >&7
	[ "$(reports 4 3 8)" = "$none
$none
02 00 04 00 00 00 00 00" ]
}

@test "what is held is released on every way out" {
	for way in 'end of input' INT TERM HUP; do
		hold_a
		[ "$way" = 'end of input' ] || kill -"$way" $typist
		exec 7>&-
		[ "$way" = 'end of input' ] || way=$((128 + $(kill -l "$way")))
		ends_with "${way/end of input/0}" $typist
		[ "$(taken 4 1 8)" = "$none" ]
	done
}

@test "no host: exit 75 after the timeout, nothing was sent" {
	echo 'not attached' >"$udc/state"
	run --separate-stderr kvm-type --timeout 0.3 <<<secret
	status_is 75
	one_line kvm-type
	[[ $stderr == *"no USB host"* && $stderr == *"0 of 7 characters"* && $stderr != *secret* ]]
	taken 4 0 8
}

@test "--timeout 0 waits however long, as --wait does, for a gadget and for a host" {
	asleep() { grep -q '^State:.S' "/proc/$1/status"; }
	for way in '--timeout 0' --wait; do
		mv "$KVM_SYSFS_ROOT/sys/kernel/config/usb_gadget/kvm" "$BATS_TEST_TMPDIR/kvm"
		echo >"$udc/function"
		echo 'not attached' >"$udc/state"
		# shellcheck disable=SC2086  # split into words
		kvm-type $way -k a 3>&- &
		eventually asleep $!
		mv "$BATS_TEST_TMPDIR/kvm" "$KVM_SYSFS_ROOT/sys/kernel/config/usb_gadget/kvm"
		echo kvm >"$udc/function"
		eventually asleep $!
		echo configured >"$udc/state"
		ends_with 0 $!
	done
}

@test "one at a time: --no-wait says that another one types" {
	hold_a
	run --separate-stderr kvm-type --no-wait -k b
	status_is 75
	[[ $stderr == *"another kvm-type is typing"* ]]
	exec 7>&-
	ends_with 0 $typist
	run kvm-type --no-wait -k b
	status_is 0
}

# begin OPTION...: starts $typist, kvm-type -a. Lines written to descriptor 7 are its input; its output
# can be read from descriptor 8 or $out.
begin() {
	out=$BATS_TEST_TMPDIR/out
	rm -f "$out" "$BATS_TEST_TMPDIR/lines"
	mkfifo "$out" "$BATS_TEST_TMPDIR/lines"
	exec 8<>"$out"
	kvm-type -a "$@" <"$BATS_TEST_TMPDIR/lines" >"$out" 3>&- 8<&- &
	typist=$!
	exec 7>"$BATS_TEST_TMPDIR/lines"
}
# ended STATUS: waits for $typist and checks its exit status.
ended() {
	local status=0
	wait $typist || status=$?
	[ $status -eq "$1" ] || { echo "status $status, wanted $1" && false; }
}

@test "buttons that a killed one left down are released, where the pointer was" {
	for pair in '-a:mouseto 1.0 0.5:5:7' '-k a:mousemove 1 1:6:5' '-v:mouseto 0 0:5:7'; do
		IFS=: read -r way move fd size <<<"$pair"
		begin
		echo "$move" >&7
		echo 'buttondown left' >&7
		until [ -s "$KVM_SYSFS_ROOT/run/kvm/hid/pointer" ] || [ -s "$KVM_SYSFS_ROOT/run/kvm/hid/mouse" ]; do sleep 0.05; done
		sleep 0.2
		kill -KILL $typist
		ended 137
		exec 7>&- 8<&-
		down=$(timeout 1 cat <&"$fd" | tail -c "$size" | od -An -v -tx1 | sed 's/^ //') || :
		[[ $down == '01 '* ]]
		# shellcheck disable=SC2086  # split into words
		kvm-type $way </dev/null
		case $fd in
		5) [ "$(taken 5 1 7)" = "00 ${down#01 }" ] ;;
		6) [ "$(taken 6 1 5)" = "00 00 00 00 00" ] ;;
		esac
		[ -z "$(ls "$KVM_SYSFS_ROOT/run/kvm/hid")" ]
		kvm-type $way </dev/null
		taken "$fd" 0 "$size"
	done
}

@test "wake: nobody is there" {
	echo 'not attached' >"$udc/state"
	run --separate-stderr kvm-type -a --timeout 0.3 <<<wake
	status_is 75
	one_line kvm-type
	rm -r "$KVM_SYSFS_ROOT/sys/kernel/config/usb_gadget/kvm"
	: >"$udc/function"
	run --separate-stderr kvm-type -a <<<wake
	status_is 66
	[[ $stderr == *'line 1: no gadget'* ]]
}

@test "who reads the answers goes: what is held is released, and it dies of SIGPIPE, silently" {
	for options in --ack '--status -'; do
		# shellcheck disable=SC2086  # split into words
		begin $options 2>"$BATS_TEST_TMPDIR/said"
		echo 'keydown a' >&7
		until [[ ${answer-} == ok || ${answer-} == *'"done":1,'* ]]; do read -r answer <&8; done
		unset answer
		[ "$(reports 4 3 8 | tail -n 1)" = "00 00 04 00 00 00 00 00" ]
		exec 8<&-
		echo 'keydown b' >&7
		ended 141
		[ "$(reports 4 2 8)" = "00 00 04 05 00 00 00 00
$none" ]
		[ ! -s "$BATS_TEST_TMPDIR/said" ]
	done
}

@test "EPIPE from the keyboard is its error, not a reader of ours that left" {
	mkfifo "$BATS_TEST_TMPDIR/lines"
	kvm-type -a <"$BATS_TEST_TMPDIR/lines" 2>"$BATS_TEST_TMPDIR/said" 3>&- 4<&- &
	pid=$!
	exec 7>"$BATS_TEST_TMPDIR/lines"
	echo 'keydown a' >&7
	[ "$(reports 4 3 8 | tail -n 1)" = "00 00 04 00 00 00 00 00" ]
	exec 4<&-
	echo 'keydown b' >&7
	ends_with 74 $pid
	exec 7>&-
	grep -q '^kvm-type: .*: line 2: .*Broken pipe' "$BATS_TEST_TMPDIR/said"
}

# released_last FILE: the last keyboard report in FILE has no key down.
released_last() { [ "$(tail -c 8 "$1" | od -An -v -tx1 | sed 's/^ //')" = "$none" ]; }

@test "who reads the answers stalls: a signal still releases what is held" {
	for options in --ack '--ack --dry-run' '--status -'; do
		# shellcheck disable=SC2086  # split into words
		begin $options
		{
			echo 'keydown a'
			yes 'key b' | head -n 20000
		} >&7 2>/dev/null 3>&- 8<&- &
		writer=$!
		# Reports that nobody reads would stall kvm-type, too.
		cat <&4 >"$BATS_TEST_TMPDIR/taken" 2>/dev/null 3>&- 7>&- 8>&- &
		reader=$!
		sleep 1
		kill $typist
		ended 143
		exec 7>&-
		wait $writer || :
		[[ $options == *dry-run* ]] || eventually released_last "$BATS_TEST_TMPDIR/taken"
		kill $reader
		wait $reader || :
		exec 8<&-
	done
}

@test "--status tells the last actions, too" {
	[[ $(printf 'key a\nkey b\n' | kvm-type -a --status - | tail -n 1) == *'"done":2,"failed":0'* ]]
	[[ $(printf 'key a\nkey b' | kvm-type -a --status - | tail -n 1) == *'"done":2,"failed":0'* ]]
}
