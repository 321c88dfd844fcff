#!/bin/sh
# The target's lights: CapsLock does not spoil a text and is as before afterwards; status lines and
# --verify-leds follow them, though only one reader is told.
gadget_up
console_layout us
typed_into /tmp/typed
lights() { # caps and num as the target has them
	for lock in capslock numlock; do
		cat /sys/class/leds/input*::$lock/brightness | tail -n 1
	done | tr '\n' ' '
}
lights_are() { [ "$(lights)" = "$1" ]; }
typed_is() { [ "$(tr '\r' '\n' </tmp/typed)" = "$1" ]; }
type_and_see() { # TEXT LIGHTS
	sofar="$sofar${sofar:+
}$1"
	echo "$1" | kvm-type
	typed_is "$sofar" || wait_for 5 typed_is "$sofar"
	lights_are "$2" || wait_for 2 lights_are "$2"
}
num=$(lights | cut -d' ' -f2)
sofar=
type_and_see 'Plain Text' "0 $num "
kvm-type -k capslock
wait_for 5 lights_are "1 $num "
type_and_see 'Caps Is On, 1st Time' "1 $num "
type_and_see 'caps is on, 2nd Time' "1 $num "

# A long-lived one reads the lights, for all.
mkfifo /tmp/actions /tmp/status
at_exit 'rm /tmp/actions /tmp/status'
spawn sh -c 'exec kvm-type -a --status /tmp/status </tmp/actions'
spawn sh -c 'exec cat /tmp/status >/tmp/told'
exec 9>/tmp/actions
told() { tail -n 1 /tmp/told | grep -q "$1"; }
at_exit "tail -n 5 /tmp/told"
wait_for 5 told '"keyboard":"ready"'
wait_for 5 told '"caps"'
type_and_see 'Beside Another' "1 $num "
kvm-gadget-setup status --json | grep -q '"leds":\["caps"' || fail 'status does not tell the lights'
echo key capslock >&9
wait_for 5 lights_are "0 $num "
wait_for 5 told '"done":1,"failed":0'
! told '"caps"' || wait_for 2 sh -c '! tail -n 1 /tmp/told | grep caps'
type_and_see 'off again' "0 $num "
echo 'key nosuch' >&9
wait_for 5 told '"done":1,"failed":1'
kvm-gadget-setup down
wait_for 5 told '"keyboard":"no-device"'
kvm-gadget-setup up
wait_for 20 host_sees configured
wait_for 5 told '"keyboard":"ready"'
exec 9>&-

no-repeat
printf '%s' 'so it keeps up' | kvm-type --verify-leds 5
lights_are "0 $num "
