#!/bin/sh
# The target's keyboard LEDs: CapsLock does not spoil a text and is restored afterwards. Status
# lines and --verify-leds follow the LEDs, although the kernel reports them to one reader only.
gadget_up
console_layout us
typed_into /tmp/typed
lights() { # caps and num as the target has them
	for lock in capslock numlock; do
		cat /sys/class/leds/input*::$lock/brightness | tail -n 1
	done | tr '\n' ' '
}
lights_are() { [ "$(lights)" = "$1" ]; }
# It takes a moment until we know of a change of the console's LED.
caps_is_known() { echo sleep 600 | kvm-type -a --status - | tail -n 1 | grep -q '"caps"'; }
typed_is() { [ "$(tr '\r' '\n' </tmp/typed)" = "$1" ]; }
type_and_see() { # TEXT LIGHTS
	sofar="$sofar${sofar:+
}$1"
	echo "$1" | kvm-type
	wait_for typed_is "$sofar"
	wait_for lights_are "$2"
}
num=$(lights | cut -d' ' -f2)
sofar=
type_and_see 'Plain Text' "0 $num "
kvm-type -k capslock
wait_for caps_is_known
type_and_see 'Caps Is On, 1st Time' "1 $num "
wait_for caps_is_known
type_and_see 'caps is on, 2nd Time' "1 $num "
wait_for caps_is_known

# A long-running kvm-type reads the LEDs for all others.
mkfifo /tmp/actions /tmp/status
at_exit 'rm /tmp/actions /tmp/status'
spawn sh -c 'exec kvm-type -a --status /tmp/status </tmp/actions'
spawn sh -c 'exec cat /tmp/status >/tmp/told'
exec 9>/tmp/actions
told() { tail -n 1 /tmp/told | grep -q "$1"; }
at_exit "tail -n 5 /tmp/told"
wait_for told '"keyboard":"ready"'
wait_for told '"caps"'
type_and_see 'Beside Another' "1 $num "
kvm-gadget-setup status --json | grep -q '"leds":\["caps"' || fail 'status does not show the LEDs'
echo key capslock >&9
wait_for lights_are "0 $num "
wait_for told '"done":1,"failed":0'
wait_for sh -c '! tail -n 1 /tmp/told | grep caps'
type_and_see 'off again' "0 $num "
echo 'key nosuch' >&9
wait_for told '"done":1,"failed":1'
kvm-gadget-setup down
wait_for told '"keyboard":"no-device"'
plugs kvm-gadget-setup up
wait_for inputs_in_use
wait_for told '"keyboard":"ready"'
exec 9>&-

printf '%s' 'so it keeps up' | kvm-type --verify-leds 5
lights_are "0 $num "
