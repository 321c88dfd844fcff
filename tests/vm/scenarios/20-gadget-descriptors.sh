#!/bin/sh
# The host reads the right descriptors from each profile, byte for byte.
at_exit 'kvm-gadget-setup down'
device=/sys/bus/usb/devices/1-1

# descriptors: prints all descriptors of the device and its configuration in hex, one a line.
descriptors() {
	od -An -v -tx1 $device/descriptors | tr -d '\n ' | awk '
		{
			for (at = 1; at < length($0); at += 2 * size) {
				size = ("0x" substr($0, at, 2)) + 0
				print substr($0, at, 2 * size)
			}
		}'
}
# same_reports: the host has the report descriptors that we gave the kernel.
same_reports() {
	for function in "$GADGETS"/kvm/functions/hid.*; do
		for host in /sys/bus/hid/devices/*/report_descriptor; do
			cmp -s "$function/report_desc" "$host" && continue 2
		done
		fail "no HID device of the host has the report descriptor of $function"
	done
}
# come PROFILE DEVICES: makes the gadget; the host then has this number of HID devices.
come() {
	plugs kvm-gadget-setup --profile "$1" up
	# shellcheck disable=SC2016
	wait_for sh -c '[ "$(ls /sys/bus/hid/devices | wc -l)" -eq '"$2 ]"
	same_reports
}

# Device 0x1d6b:0x0104 with a revision for its functions; one configuration, bus-powered, 250 mA; a
# boot keyboard with a report descriptor of 64 bytes and one interrupt endpoint of 8 bytes.
keyboard='090400000103010105
092101010001224000
07058103080004'
come keyboard 1
expect "$(descriptors)" "12010002000000406b1d0401011001020301
09022200010104807d
$keyboard" 'keyboard'

# A pointer that speaks no boot protocol, and a boot mouse.
mice='090401000103000007
092101010001224400
07058503070004
090402000103010209
092101010001223d00
07058603050004'
come kvm 3
expect "$(descriptors)" "12010002000000406b1d0401071001020301
09025400030104807d
$keyboard
$mice" 'kvm'

# Functions with several interfaces need a device class of their own. The drive is bulk-only SCSI, the
# serial line ACM, the network NCM. (dummy_hcd has too few endpoints and uses one twice;
# 21-gadget-functions uses these functions.)
come full 3
expect "$(descriptors | head -n 16)" "12010002ef0201406b1d0401631001020301
09020201080104807d
$keyboard
$mice
09040300020806500b
07058b02000200
07050202000201
080b04020202010f
09040400010202010d" 'full, to the serial line'
expect "$(descriptors | grep -E '^(080b|0904)')" "090400000103010105
090401000103000007
090402000103010209
09040300020806500b
080b04020202010f
09040400010202010d
09040500020a00000e
080b0602020d0014
0904060001020d0011
09040700000a000113
09040701020a000113" 'interfaces of full'

# A gadget that may wake the host and draws at most 100 mA.
plugs kvm-gadget-setup --remote-wakeup --max-power 100 up
expect "$(descriptors | sed -n 2p)" 09025400030104a032 'a configuration with remote wakeup'
