#!/bin/sh
# The cable is pulled and put back in the middle of a text: nothing is lost or doubled.
# timeout: 150

# It is pulled between two characters. What became of a report that is under way just then nobody
# can tell here: dummy_hcd says of a first one that the host has it when it is handed over (its
# "emulated FIFO").
gadget_up
console_layout us
typed_into /tmp/typed
text='The quick "brown" fox (jumps) over 13 LAZY dogs, and does so without losing a leg.'
size() { wc -c </tmp/typed; }
after_next_character() {
	before=$(size)
	while [ "$(size)" -eq "$before" ]; do usleep 2000; done
	usleep 60000
}
printf %s "$text" >/tmp/text
spawn kvm-type -v --timeout 20 --rate 5 -f /tmp/text
typist=$!
for _ in 1 2 3 4; do
	at=$(size)
	while [ "$(size)" -lt $((at + 8)) ]; do
		kill -0 $typist || fail 'the text was over before the cable was pulled'
		after_next_character
	done
	echo >"$GADGETS/kvm/UDC"
	sleep 1
	echo dummy_udc.0 >"$GADGETS/kvm/UDC"
	wait_for 20 host_sees configured
	wait_for 20 inputs_in_use
	no-repeat
done
wait $typist
becomes "$text" 'what arrived' cat /tmp/typed
