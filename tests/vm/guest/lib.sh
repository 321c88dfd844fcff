#!/bin/sh
# What scenarios share: lib.sh SCENARIO runs one. Each function says why when it fails, and ends
# the scenario.
export GADGETS=/sys/kernel/config/usb_gadget

fail() {
	echo "failed: $*"
	exit 1
}

# expect GOT WANTED WHAT
expect() {
	[ "$1" = "$2" ] || fail "$3:
got:    $1
wanted: $2"
}

# fails_with STATUS COMMAND...: its exit status must be that; prints what it said on stderr.
fails_with() {
	wanted=$1
	shift
	status=0
	"$@" >/tmp/stdout 2>/tmp/stderr || status=$?
	[ "$status" -eq "$wanted" ] || fail "$*: status $status, not $wanted: $(cat /tmp/stderr)"
	cat /tmp/stderr
}

# Waiting ends what hangs, after so many seconds; how slow the machine is, is no matter.
patience=300

# wait_for COMMAND...: until it succeeds, tried five times a second.
wait_for() {
	set -- $(($(date +%s) + patience)) "$@" # arguments are the function's own: COMMAND may wait too
	until quietly "$@"; do
		[ "$(date +%s)" -le "$1" ] || { shift && fail "waited in vain for: $*"; }
		sleep 0.2
	done
}
quietly() { shift && "$@" >/dev/null 2>&1; }

# becomes WANTED WHAT COMMAND...: what the command comes to print.
becomes() {
	set -- $(($(date +%s) + patience)) "$@"
	until [ "$(shift 3 && "$@")" = "$2" ]; do
		[ "$(date +%s)" -le "$1" ] || expect "$(shift 3 && "$@")" "$2" "$3"
		sleep 0.2
	done
}

# has_open PID FILE
has_open() {
	for fd in "/proc/$1/fd"/*; do
		[ "$(readlink "$fd")" != "$2" ] || return 0
	done
	return 1
}

# ---- the end of a scenario ----

cleanup=
# at_exit COMMAND: run at the end, the last one first, however the scenario ends.
at_exit() { cleanup="$1
$cleanup"; }
trap 'status=$?; trap "" TERM; set +e; eval "$cleanup"; exit $status' EXIT
trap 'exit 143' TERM

# spawn COMMAND...: in the background, stopped with all that it started at the end; $! is its pid.
spawn() {
	setsid "$@" <&3 3<&- & # & alone would take its stdin away
	at_exit "stop_session $!"
} 3<&0

stop_session() {
	kill -- "-$1" || kill "$1" || : # it may not be a session yet, or over
	wait "$1" || :
	deadline=$(($(date +%s) + patience))
	while kill -0 "-$1" && [ "$(date +%s)" -le $deadline ]; do sleep 0.1; done
} 2>/dev/null

# ---- the cable ----

host_sees() { [ "$(cat /sys/class/udc/dummy_udc.0/state)" = "$1" ]; }
# The host numbers a device each time that it is plugged in; nothing without one.
number() { cat /sys/bus/usb/devices/1-1/devnum 2>/dev/null || :; }

# plugs COMMAND...: it plugs a gadget in, anew if there was one; returns when the host has configured
# it. Until the host begins to talk the controller says what it said of the one before.
plugs() {
	last_number=$(number)
	"$@"
	wait_for plugged_anew
}
plugged_anew() {
	case $(number) in '' | "$last_number") return 1 ;; esac
	host_sees configured
}

# gadget_up [OPTION...]: up, configured, and its input devices in use by the host; down at the end.
gadget_up() {
	at_exit 'kvm-gadget-setup down'
	plugs kvm-gadget-setup up "$@"
	wait_for inputs_in_use
}
# The event devices come last: by then the console has opened the keyboard, and the 50 ms are over in
# which usbhid drops what comes.
inputs_in_use() {
	set -- "$GADGETS"/kvm/functions/hid.*
	wanted=$#
	set -- /sys/bus/hid/devices/*/input/input*/event*
	[ $# -eq $wanted ] || return 1
	for event; do [ -e "/dev/input/${event##*/}" ] || return 1; done
}

# network_up: the gadget's network, each end in a namespace of its own: $here is ours, 10.9.8.1;
# $there is the target's, 10.9.8.2, in the namespace of process $target.
network_up() {
	wait_for sh -c "[ \$(ls -d /sys/class/net/usb* | wc -l) -eq 2 ]"
	here=$(interface dev_addr)
	there=$(interface host_addr)
	network_namespace
	ip link set "$there" netns $target
	ip addr add 10.9.8.1/24 dev "$here"
	ip link set "$here" up
	nsenter -t $target -n ip addr add 10.9.8.2/24 dev "$there"
	nsenter -t $target -n ip link set "$there" up
	wait_for carrier
}
# network_namespace: one of its own, of process $target.
network_namespace() {
	spawn unshare -n sleep 100000
	target=$!
	wait_for apart
}
apart() { [ "$(readlink "/proc/$target/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
# The target's end, told by ours. Between f_ncm and dummy_hcd that can get lost (seen once in some 400
# runs); so it is told again.
carrier() {
	for _ in $(seq 50); do
		nsenter -t "$target" -n ip link show "$there" | grep -q NO-CARRIER || return 0
		sleep 0.2
	done
	ip link set "$here" down
	ip link set "$here" up
	return 1
}
interface() { grep -lx "$(cat "$GADGETS/kvm/functions/ncm.network/$1")" /sys/class/net/*/address | cut -d/ -f5; }

# ---- the target's screen and keyboard ----

# on_console COMMAND...: runs on tty1, in front, on a blank screen, until the end. Its keys do not repeat
# (DECARM): an emulated machine may stand still while one is down.
on_console() {
	chvt 1
	stty -F /dev/tty1 sane
	printf '\033c\033[2J\033[?8l' >/dev/tty1
	setsid -c "$@" </dev/tty1 >/dev/tty1 2>&1 &
	at_exit "{ kill -KILL $!; wait $!; } 2>/dev/null; stty -F /dev/tty1 sane"
}

# console_layout LAYOUT: what a key means on the virtual consoles.
console_layout() { loadkeys -q -u -C /dev/tty1 "/kvm/layouts/$1"; }

# screen: the console's text as UTF-8, one line a row, without blank ends.
screen() { vcs /dev/vcsu1; }
on_screen() { screen | grep -qF -- "$1"; }

# typed_into FILE: what comes from the console's keyboard, byte for byte, unechoed, until the end.
typed_into() {
	# shellcheck disable=SC2016  # $0 is the inner shell's
	on_console sh -c 'stty raw -echo iutf8; exec cat >"$0"' "$1"
	wait_for test -e "$1"
}

# ---- the HDMI cable and the capture device ----

# vivid_up [PARAMETER=VALUE...]: /dev/video0 captures; unloaded at the end.
vivid_up() {
	modprobe vivid n_devs=1 no_error_inj=0 "$@"
	at_exit 'rmmod vivid'
	wait_for test -c /dev/video0
}

# hdmi_up: /dev/video0 is an HDMI capture device that gets what is on the console, at 720p60.
hdmi_up() {
	vivid_up node_types=0x101
	# The control that closes the loop: since Linux 6.11, and before.
	loop=hdmi_000_0_is_connected_to=2
	v4l2-ctl -d /dev/video0 -l | grep -q hdmi_000_0_is_connected_to || loop=loop_video=1
	for end in '-d /dev/video1 --set-output 1' "-d /dev/video0 --set-input 3 -c $loop,osd_text_mode=2"; do
		# shellcheck disable=SC2086  # words are meant
		v4l2-ctl $end --set-dv-bt-timings index=7 >/dev/null # 1280x720p60
	done
	spawn hdmi-out /dev/fb0 /dev/video1
}

# capture [OPTION...]: kvm-capture until the end; its frames are listed in /tmp/frames by frames(1),
# and /tmp/frame.jpg is always the newest; what it says is in /tmp/capture.
capture() {
	mkfifo /tmp/pipe
	at_exit 'rm /tmp/pipe'
	frames /tmp/frame.jpg </tmp/pipe >/tmp/frames &
	at_exit "wait $!"
	spawn kvm-capture "$@" >/tmp/pipe 2>/tmp/capture
}

# newest STATE [WIDTHxHEIGHT]: what the newest frame is.
newest() { tail -n 1 /tmp/frames | grep -q "^$* "; }

# shellcheck source=/dev/null
[ $# -eq 0 ] || . "$1"
