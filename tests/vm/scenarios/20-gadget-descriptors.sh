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
# come PROFILE DEVICES [OPTION...]: makes the gadget; the host then has this number of HID devices.
come() {
	profile=$1 devices=$2
	shift 2
	plugs kvm-gadget-setup --profile "$profile" up "$@"
	# shellcheck disable=SC2016
	wait_for sh -c '[ "$(ls /sys/bus/hid/devices | wc -l)" -eq '"$devices ]"
	same_reports
}

# Device 0x1d6b:0x0104 with a revision for its functions; one configuration, self-powered, 100 mA; a
# boot keyboard with a report descriptor of 64 bytes and one interrupt endpoint of 8 bytes.
keyboard='090400000103010105
092101010001224000
07058103080004'
come keyboard 1
expect "$(descriptors)" "12010002000000406b1d0401011001020301
09022200010104c032
$keyboard" 'keyboard'

# A pointer that speaks no boot protocol, a boot mouse, and the controls.
mice='090401000103000007
092101010001224400
07058503070004
090402000103010209
092101010001223d00
07058603050004
09040300010300000b
092101010001223200
07058a03070004'
come kvm 4
expect "$(descriptors)" "12010002000000406b1d0401351101020301
09026d00040104c032
$keyboard
$mice" 'kvm'

# Functions with several interfaces need a device class of their own. The drive is bulk-only SCSI, the
# serial line ACM, the network NCM. (dummy_hcd has too few endpoints and uses one twice;
# 21-gadget-functions uses these functions.)
mice=$(echo "$mice" | head -n 6)
come full 3 --without controls
expect "$(descriptors | head -n 16)" "12010002ef0201406b1d0401631001020301
09020201080104c032
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

# A gadget that may wake the host, and one that draws its current from the host, at most 500 mA.
plugs kvm-gadget-setup --remote-wakeup up
expect "$(descriptors | sed -n 2p)" 09026d00040104e032 'a configuration with remote wakeup'
plugs kvm-gadget-setup --bus-powered --max-power 500 up
expect "$(descriptors | sed -n 2p)" 09026d0004010480fa 'a bus-powered configuration'

# A gadget that is slower than it could be, and one that is not any more.
expect "$(cat $device/speed)" 480 'the speed in Mbit/s'
plugs kvm-gadget-setup --max-speed full-speed up
expect "$(cat $device/speed)" 12 'the speed in Mbit/s'
plugs kvm-gadget-setup up
expect "$(cat $device/speed)" 480 'the speed in Mbit/s'
