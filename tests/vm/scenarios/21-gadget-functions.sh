#!/bin/sh
# A host finds and uses serial line, network, drive and sound card at once. This runs on the virtual
# controller of USB/IP, which has more endpoints than dummy_hcd, isochronous ones among them. Control
# transfers of HID crash this kernel (6.1) there, so the HID functions are left out.
# shellcheck disable=SC2154  # network_up sets $here and $target
modprobe -a usbip-vudc vhci-hcd cdc-acm cdc_ncm usb-storage sd_mod snd-usb-audio
at_exit 'rmmod vhci-hcd usbip-vudc'
at_exit 'kvm-gadget-setup down'
kvm-gadget-setup --udc usbip-vudc.0 --profile full --without keyboard --without pointer \
	--without mouse --without controls --with audio up
fails_with 1 kvm-gadget-setup status
plug-vudc
wait_for kvm-gadget-setup status
expect "$(kvm-gadget-setup status)" 'configured, high-speed, on usbip-vudc.0
disc      empty
serial    /dev/ttyGS0
network   usb0
audio
endpoints 5 in, 4 out of 15, 15' 'status'

# The serial line carries data both ways.
stty -F /dev/ttyGS0 raw -echo
wait_for stty -F /dev/ttyACM0 raw -echo
carries() { # carries FROM TO
	cat "$2" >/tmp/line &
	reader=$!
	wait_for has_open $reader "$2"
	echo "from $1" >"$1"
	wait_for grep -q "from $1" /tmp/line
	kill $reader
	fails_with 143 wait $reader
}
carries /dev/ttyGS0 /dev/ttyACM0
carries /dev/ttyACM0 /dev/ttyGS0

# The network carries packets both ways.
network_up
expect "$here" "$(kvm-gadget-setup status | awk '$1 == "network" { print $2 }')" 'our interface'
wait_for ping -c 1 -W 10 10.9.8.2
wait_for nsenter -t "$target" -n ping -c 1 -W 10 10.9.8.1

# The host has a sound card; its playback is our recording.
wait_for grep -q 'USB-Audio - KVM' /proc/asound/cards
becomes 48000 'sample rates' sh -c "sed -n 's/^ *Rates: //p' /proc/asound/card*/stream0"

# Windows chooses its NCM driver by this ID (Microsoft OS descriptors 1.0).
expect "$(cat "$GADGETS/kvm/functions/ncm.network/os_desc/interface.ncm/compatible_id")" WINNCM 'OS descriptor'
