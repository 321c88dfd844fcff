#!/bin/sh
# A long text (100 kB with --long) arrives byte for byte, as fast as dummy_hcd takes reports: a few
# hundred characters a second. (A real controller takes a report in 4 ms: 125 characters a second.)
size=${LONG:+100000}
size=${size:-3000}
gadget_up
console_layout us
typed_into /tmp/typed
while cat /kvm/init /kvm/lib.sh; do :; done | LC_ALL=C tr -dc '\n -~' | head -c "$size" >/tmp/text
kvm-type -v -f /tmp/text
grown() { [ "$(wc -c </tmp/typed)" -ge "$size" ]; }
wait_for grown
tr '\r' '\n' </tmp/typed | cmp - /tmp/text || fail 'another text arrived'
