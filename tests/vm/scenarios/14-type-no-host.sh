#!/bin/sh
# Without a host that takes keys: 75 and how far it got, nothing stuck afterwards; --wait waits.
said=$(fails_with 66 kvm-type -k a)
expect "$said" 'kvm-type: no gadget (kvm-gadget-setup up makes one, --wait waits for it)' 'without a gadget'

kvm-type --wait -k a &
waiting=$!
gadget_up
console_layout us
typed_into /tmp/typed
wait $waiting
typed_is() { [ "$(cat /tmp/typed)" = "$1" ]; }

# The host's driver is unloaded in the middle of a long text.
printf '%02000d' 0 | tr 0 x >/tmp/text
kvm-type --rate 20 -f /tmp/text 2>/tmp/said &
typist=$!
wait_for grep -q xxxxxxxxxx /tmp/typed
rmmod usbhid
status=0
wait $typist || status=$?
expect "$status" 75 'the status'
grep -qE 'the USB host takes no reports.*; [0-9]+ of 2000 characters arrived' /tmp/said || fail "$(cat /tmp/said)"
arrived=$(sed 's/.*; \([0-9]*\) of.*/\1/' /tmp/said)
got=$(tr -dc x </tmp/typed | wc -c)
# dummy_hcd holds back one report that it says the host has.
case $((arrived - got)) in
-1 | 0 | 1) ;;
*) fail "$got characters arrived, kvm-type says $arrived" ;;
esac
modprobe usbhid
wait_for inputs_in_use
before=$(wc -c </tmp/typed)
printf '%s' ' and on' | kvm-type
wait_for grep -q 'and on$' /tmp/typed
[ "$(wc -c </tmp/typed)" -le $((before + 8)) ] || fail "keys were stuck: $(tail -c 40 /tmp/typed)"

# With --ack a line that fails gets an error answer, and the next line is tried.
echo >"$GADGETS/kvm/UDC"
printf 'key a\nkey b\n' >/tmp/keys
fails_with 66 kvm-type -a --ack --timeout 1 -f /tmp/keys
expect "$(cut -c1-16 /tmp/stdout | uniq -c | tr -s ' ')" ' 2 error: no gadget' 'answers'
