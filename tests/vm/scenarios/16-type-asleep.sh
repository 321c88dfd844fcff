#!/bin/sh
# A host that has suspended the bus: 75 and why; --wake wakes it, if the gadget is allowed to.
device=/sys/bus/usb/devices/1-1
goes_to_sleep() {
	echo 0 >$device/power/autosuspend_delay_ms
	echo auto >$device/power/control
	wait_for asleep
	echo 100000000 >$device/power/autosuspend_delay_ms # once woken it stays up
}
asleep() { [ "$(cat /sys/class/udc/dummy_udc.0/device/gadget*/suspended)" = 1 ]; }
awake() { ! asleep; }
wakes_up() {
	look-at-port
	awake
}
echo on >/sys/bus/usb/devices/usb1/power/control # so that the hub notices the wake-up
at_exit 'echo auto >/sys/bus/usb/devices/usb1/power/control'
gadget_up --remote-wakeup
console_layout us
typed_into /tmp/typed
goes_to_sleep
look-at-port
look-at-port
asleep || fail 'reading the port status woke it'
said=$(printf hello | fails_with 75 kvm-type --timeout 1)
expect "$said" 'kvm-type: the target is asleep (--wake wakes it if it allows that); 0 of 5 characters arrived' 'what it says'
asleep || fail 'it was woken unasked'

printf hello | kvm-type --wake --timeout 300 &
typist=$!
wait_for wakes_up
wait $typist
typed_is() { [ "$(cat /tmp/typed)" = "$1" ]; }
wait_for typed_is hello

# The action `wake`, and the status lines before and after.
goes_to_sleep
mkfifo /tmp/actions
at_exit 'rm /tmp/actions'
spawn sh -c 'exec kvm-type -a --timeout 300 --status /tmp/status </tmp/actions'
exec 9>/tmp/actions
wait_for grep -q '"keyboard":"asleep"' /tmp/status
printf 'wake\ntype  again\n' >&9
wait_for wakes_up
wait_for typed_is 'hello again'
wait_for grep -q '"keyboard":"ready"' /tmp/status
exec 9>&-
