#!/bin/sh
# A change alters only the settings that it must: a keyboard in use, other programs' gadgets and
# simultaneous changes stay unharmed.
at_exit 'kvm-gadget-setup down'
device=/sys/bus/usb/devices/1-1
gadget_up
plugged=$(number)

# The keyboard is in use (Shift types nothing): the host does not notice an up that changes nothing.
spawn sh -c 'while :; do printf "\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" | dd bs=8 2>/dev/null; sleep 0.1; done >/dev/hidg0'
writer=$!
for _ in 1 2 3; do
	kvm-gadget-setup up
	expect "$(kvm-gadget-setup plan)" '' 'the plan without changes'
done
expect "$(number)" "$plugged" 'the device number'

# An up that adds a function plugs the gadget in once, also while a program writes to it; and back.
plugs kvm-gadget-setup up --with serial --product 'Rack 7'
expect "$(cat $device/product)" 'Rack 7' 'the name'
plugs kvm-gadget-setup up
stop_session $writer
expect "$(ls "$GADGETS/kvm/configs/c.1")" 'MaxPower
bmAttributes
hid.controls
hid.keyboard
hid.mouse
hid.pointer
strings' 'the functions'

# If another gadget is on the controller, up names it and changes neither that gadget nor ours.
kvm-gadget-setup down
mkdir -p "$GADGETS/theirs/configs/c.1" "$GADGETS/theirs/functions/acm.0"
at_exit "echo >$GADGETS/theirs/UDC; rm $GADGETS/theirs/configs/c.1/acm.0
	rmdir $GADGETS/theirs/configs/c.1 $GADGETS/theirs/functions/acm.0 $GADGETS/theirs"
ln -s "$GADGETS/theirs/functions/acm.0" "$GADGETS/theirs/configs/c.1/"
echo dummy_udc.0 >"$GADGETS/theirs/UDC"
wait_for sh -c "grep -q '^0x0[1-9]' $GADGETS/theirs/bcdUSB" # the kernel sets bcdUSB when the host talks
theirs=$(cd "$GADGETS/theirs" && find . -type f ! -name port_num -exec cat {} + | md5sum)
case $(fails_with 75 kvm-gadget-setup up) in *'dummy_udc.0 is taken by the gadget theirs'*) ;; *) fail "$(cat /tmp/stderr)" ;; esac
kvm-gadget-setup down
expect "$(ls "$GADGETS")" theirs 'gadgets'
expect "$(cd "$GADGETS/theirs" && find . -type f ! -name port_num -exec cat {} + | md5sum)" "$theirs" 'their gadget'
echo >"$GADGETS/theirs/UDC"

# up and down also cope with a half-built gadget, made by another program, with unknown functions.
mkdir -p "$GADGETS/kvm/functions/acm.0" "$GADGETS/kvm/functions/hid.keyboard" "$GADGETS/kvm/configs/c.2"
ln -s "$GADGETS/kvm/functions/acm.0" "$GADGETS/kvm/configs/c.2/"
plugs kvm-gadget-setup up
expect "$(ls "$GADGETS/kvm/functions")" "$(printf 'hid.controls\nhid.keyboard\nhid.mouse\nhid.pointer')" 'functions'
mkdir "$GADGETS/kvm/functions/acm.0"
kvm-gadget-setup down
expect "$(ls "$GADGETS")" theirs 'gadgets'

# The script makes the same gadget as up.
kvm-gadget-setup up --script --profile full >/tmp/gadget.sh
plugs sh /tmp/gadget.sh
expect "$(kvm-gadget-setup plan --profile full --udc dummy_udc.0)" '' 'what up would change after the script'
kvm-gadget-setup down

# Several ups at once run one after the other, and all succeed.
for profile in kvm keyboard full kvm full keyboard; do kvm-gadget-setup up --profile $profile & done
wait
kvm-gadget-setup up
wait_for host_sees configured
expect "$(kvm-gadget-setup plan)" '' 'the plan after many ups at once'

# watch prints each change.
spawn sh -c 'exec kvm-gadget-setup watch >/tmp/watch'
wait_for test -s /tmp/watch
kvm-gadget-setup down
wait_for grep -q 'no gadget' /tmp/watch
kvm-gadget-setup up
wait_for sh -c 'tail -n 1 /tmp/watch | grep -q "configured, high-speed"'
