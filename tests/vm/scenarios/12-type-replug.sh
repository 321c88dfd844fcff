#!/bin/sh
# The cable is pulled and put back in the middle of a text: nothing is lost or doubled.

# The cable is pulled between two parts of the text, when the host has taken all reports. To pull it
# during a report would test nothing: dummy_hcd says that the host has a first report as soon as the
# report is handed over (its "emulated FIFO").
gadget_up
console_layout us
typed_into /tmp/typed
text='The quick "brown" fox (jumps) over 13 LAZY dogs, and does so without losing a leg.'
mkfifo /tmp/actions
at_exit 'rm /tmp/actions'
spawn sh -c 'exec kvm-type -a --ack --timeout 300 </tmp/actions >/tmp/answers'
exec 9>/tmp/actions
all_taken() { [ "$(grep -cx ok /tmp/answers)" -eq $((from / 17 + 1)) ]; }
put_back() { echo dummy_udc.0 >"$GADGETS/kvm/UDC"; }
pulled() { [ -z "$(number)" ]; }

for from in 1 18 35 52 69; do
	echo "type $(echo "$text" | cut -c$from-$((from + 16)))" >&9
	if [ $from -gt 1 ]; then
		wait_for pulled
		plugs put_back
	fi
	wait_for all_taken
	[ $from -eq 69 ] || echo >"$GADGETS/kvm/UDC"
done
becomes "$text" 'what arrived' cat /tmp/typed
