#!/bin/sh
# Functions for scenarios; `lib.sh SCENARIO` runs a scenario with them. A function that fails says
# why and ends the scenario.
export GADGETS=/sys/kernel/config/usb_gadget

fail() {
	echo "failed: $*"
	exit 1
}

# expect GOT WANTED WHAT: fails, with WHAT in the message, if GOT is not WANTED.
expect() {
	[ "$1" = "$2" ] || fail "$3:
got:    $1
wanted: $2"
}

# fails_with STATUS COMMAND...: the command must end with STATUS; prints its stderr.
fails_with() {
	wanted=$1
	shift
	status=0
	"$@" >/tmp/stdout 2>/tmp/stderr || status=$?
	[ "$status" -eq "$wanted" ] || fail "$*: status $status, not $wanted: $(cat /tmp/stderr)"
	cat /tmp/stderr
}

# Seconds after which a wait counts as hung: long enough for a slow machine.
patience=300

# wait_for COMMAND...: tries the command five times a second until it succeeds.
wait_for() {
	set -- $(($(date +%s) + patience)) "$@" # no variable, for COMMAND may wait too
	until quietly "$@"; do
		[ "$(date +%s)" -le "$1" ] || { shift && fail "never succeeded: $*"; }
		sleep 0.2
	done
}
quietly() { shift && "$@" >/dev/null 2>&1; }

# becomes WANTED WHAT COMMAND...: waits until the command prints WANTED.
becomes() {
	set -- $(($(date +%s) + patience)) "$@"
	until [ "$(shift 3 && "$@")" = "$2" ]; do
		[ "$(date +%s)" -le "$1" ] || expect "$(shift 3 && "$@")" "$2" "$3"
		sleep 0.2
	done
}

# has_open PID FILE: checks that the process has the file open.
has_open() {
	for fd in "/proc/$1/fd"/*; do
		[ "$(readlink "$fd")" != "$2" ] || return 0
	done
	return 1
}

# ---- the end of a scenario ----

cleanup=
# at_exit COMMAND: runs it at the end, however the scenario ends; the last registered runs first.
at_exit() { cleanup="$1
$cleanup"; }
trap 'status=$?; trap "" TERM; set +e; eval "$cleanup"; exit $status' EXIT
trap 'exit 143' TERM

# spawn COMMAND...: starts process $! in the background; stops it and its children at the end.
spawn() {
	setsid "$@" <&3 3<&- & # with & alone its stdin would be /dev/null
	at_exit "stop_session $!"
} 3<&0

stop_session() {
	kill -- "-$1" || kill "$1" || : # its session may not exist yet, or not any more
	wait "$1" || :
	deadline=$(($(date +%s) + patience))
	while kill -0 "-$1" && [ "$(date +%s)" -le $deadline ]; do sleep 0.1; done
} 2>/dev/null

# ---- the cable ----

host_sees() { [ "$(cat /sys/class/udc/dummy_udc.0/state)" = "$1" ]; }
# The number that the host gives a device when it is plugged in; empty without a device.
number() { cat /sys/bus/usb/devices/1-1/devnum 2>/dev/null || :; }

# plugs COMMAND...: runs a command that plugs in a gadget, again if there was one, and waits until
# the host has configured it. A new number is needed: until the host talks to the gadget, the
# controller still shows the state of the gadget before.
plugs() {
	last_number=$(number)
	"$@"
	wait_for plugged_again
}
plugged_again() {
	case $(number) in '' | "$last_number") return 1 ;; esac
	host_sees configured
}

# gadget_up [OPTION...]: makes the gadget and waits until the host uses its input devices; removes
# it at the end.
gadget_up() {
	at_exit 'kvm-gadget-setup down'
	plugs kvm-gadget-setup up "$@"
	wait_for inputs_in_use
}
# The event devices come last: by then the console has opened the keyboard, and the first 50 ms, in
# which usbhid drops reports, are over.
inputs_in_use() {
	set -- "$GADGETS"/kvm/functions/hid.*
	wanted=$#
	[ ! -e "$GADGETS/kvm/functions/hid.controls" ] || wanted=$((wanted + 1)) # consumer and system control
	set -- /sys/bus/hid/devices/*/input/input*/event*
	[ $# -eq $wanted ] || return 1
	for event; do [ -e "/dev/input/${event##*/}" ] || return 1; done
}

# network_up: sets up the gadget's network. $here is our interface, 10.9.8.1; $there is the
# target's, 10.9.8.2, in the network namespace of process $target.
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
# network_namespace: makes a network namespace, that of the new process $target.
network_namespace() {
	spawn unshare -n sleep 100000
	target=$!
	wait_for apart
}
apart() { [ "$(readlink "/proc/$target/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
# carrier: checks that the target's end has a carrier, which our end announces. The announcement can
# get lost between f_ncm and dummy_hcd (seen once in some 400 runs), so our end repeats it.
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

# on_console COMMAND...: runs the command on tty1, in front, on a blank screen, until the end. Key
# repeat is off (DECARM), because an emulated machine may stall while a key is down.
on_console() {
	chvt 1
	stty -F /dev/tty1 sane
	printf '\033c\033[2J\033[?8l' >/dev/tty1
	setsid -c "$@" </dev/tty1 >/dev/tty1 2>&1 &
	at_exit "{ kill -KILL $!; wait $!; } 2>/dev/null; stty -F /dev/tty1 sane"
}

# console_layout LAYOUT: sets the keyboard layout of the virtual consoles.
console_layout() { loadkeys -q -u -C /dev/tty1 "/kvm/layouts/$1"; }

# console_keymap KEYMAP: sets one of kbd's own keymaps, as systems without XKB's layouts do.
console_keymap() {
	LOADKEYS_INCLUDE_PATH=/kvm/keymaps: loadkeys -q -u -C /dev/tty1 "/kvm/keymaps/$1.kmap"
}

# screen: prints the console's text as UTF-8, one line a row, without trailing blanks.
screen() { vcs /dev/vcsu1; }
on_screen() { screen | grep -qF -- "$1"; }

# typed_into FILE: writes what the console's keyboard types to FILE, unechoed, until the end.
typed_into() {
	# shellcheck disable=SC2016  # $0 is the inner shell's
	on_console sh -c 'stty raw -echo iutf8; exec cat >"$0"' "$1"
	wait_for test -e "$1"
}

# ---- the HDMI cable and the capture device ----

# vivid_up [PARAMETER=VALUE...]: loads vivid as capture device /dev/video0; unloads it at the end.
vivid_up() {
	modprobe vivid n_devs=1 no_error_inj=0 "$@"
	at_exit 'rmmod vivid'
	wait_for test -c /dev/video0
}

# hdmi_up: makes /dev/video0 an HDMI capture device that gets the screen of the console, at 720p60.
hdmi_up() {
	vivid_up node_types=0x101
	# The control that connects the output to the input: its name since Linux 6.11, and before.
	loop=hdmi_000_0_is_connected_to=2
	v4l2-ctl -d /dev/video0 -l | grep -q hdmi_000_0_is_connected_to || loop=loop_video=1
	for end in '-d /dev/video1 --set-output 1' "-d /dev/video0 --set-input 3 -c $loop,osd_text_mode=2"; do
		# shellcheck disable=SC2086  # split into words
		v4l2-ctl $end --set-dv-bt-timings index=7 >/dev/null # 1280x720p60
	done
	spawn hdmi-out /dev/fb0 /dev/video1
}

# capture [OPTION...]: runs kvm-capture until the end. The helper `frames` lists its frames in
# /tmp/frames; /tmp/frame.jpg is always the newest; its stderr is /tmp/capture.
capture() {
	mkfifo /tmp/pipe
	at_exit 'rm /tmp/pipe'
	frames /tmp/frame.jpg </tmp/pipe >/tmp/frames &
	at_exit "wait $!"
	spawn kvm-capture "$@" >/tmp/pipe 2>/tmp/capture
}

# newest STATE [WIDTHxHEIGHT]: checks that the newest frame has this state and size.
newest() { tail -n 1 /tmp/frames | grep -q "^$* "; }

# shellcheck source=/dev/null
[ $# -eq 0 ] || . "$1"
