#!/bin/sh
# The gadget comes up, twice, and goes without a trace, twice.
unplugged() { ! grep -qsx 'kvmpi' /sys/bus/usb/devices/*/manufacturer; }
at_exit 'kvm-gadget-setup down'
fails_with 1 kvm-gadget-setup status
up='plugs kvm-gadget-setup up'
for _ in 1 2; do
	$up
	up='kvm-gadget-setup up' # the second time there is nothing to do
	kvm-gadget-setup status
	! unplugged || fail 'the host has no such device'
	grep -lx kvmpi /sys/bus/usb/devices/*/manufacturer >/tmp/device
	cat "$(dirname "$(cat /tmp/device)")/devnum" >>/tmp/devnum
done
expect "$(uniq /tmp/devnum | wc -l)" 1 'times plugged in: the host must not notice the second up'
expect "$(ls "$GADGETS")" kvm 'gadgets'
expect "$(ls "$GADGETS/kvm/functions")" 'hid.controls
hid.keyboard
hid.mouse
hid.pointer' 'functions'
for _ in 1 2; do
	kvm-gadget-setup down
	expect "$(ls "$GADGETS")" '' 'gadgets left'
done
wait_for unplugged
fails_with 1 kvm-gadget-setup status
