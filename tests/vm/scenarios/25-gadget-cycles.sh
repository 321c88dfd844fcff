#!/bin/sh
# Up and down a hundred times: nothing is left, nothing leaks, and the last one works as the first.
at_exit 'kvm-gadget-setup down'
kvm-gadget-setup up
kvm-gadget-setup down
slab() { awk '/^MemAvailable/ { print $2 }' /proc/meminfo; }
before=$(slab)
for _ in $(seq 100); do
	kvm-gadget-setup up
	kvm-gadget-setup down
	[ -z "$(ls "$GADGETS")" ] || fail "left: $(ls "$GADGETS")"
done
expect "$(find /dev -name 'hidg*' -o -name 'ttyGS*')" '' 'device nodes left'
nothing_gone() { [ $((before - $(slab))) -lt 8192 ]; }
wait_for nothing_gone # the host is a little behind
echo "# kB gone after 100 cycles: $((before - $(slab)))"
gadget_up
test -c /dev/hidg0
