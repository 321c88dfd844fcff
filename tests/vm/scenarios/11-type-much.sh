#!/bin/sh
# A long text arrives byte for byte: 100 kB with --long, as fast as dummy_hcd takes reports (some
# hundred characters a second; a real controller takes one report in 4 ms: 125 characters).
size=${LONG:+100000}
size=${size:-3000}
gadget_up
console_layout us
typed_into /tmp/typed
while cat /kvm/init /kvm/lib.sh; do :; done | LC_ALL=C tr -dc '\n -~' | head -c "$size" >/tmp/text
kvm-type -v -f /tmp/text
grown() { [ "$(wc -c </tmp/typed)" -ge "$size" ]; }
wait_for grown
tr '\r' '\n' </tmp/typed | cmp - /tmp/text || fail 'it is another text'
