#!/bin/sh
# timeout: 200
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
echo "# kB gone after 100 cycles: $((before - $(slab)))"
[ $((before - $(slab))) -lt 8192 ] || fail "$((before - $(slab))) kB gone"
gadget_up
test -c /dev/hidg0
