#!/bin/sh
# A hundred times up and down: nothing is left, no memory leaks, and the last gadget works like the
# first.
at_exit 'kvm-gadget-setup down'
kvm-gadget-setup up
kvm-gadget-setup down
available_kb() { awk '/^MemAvailable/ { print $2 }' /proc/meminfo; }
before=$(available_kb)
for _ in $(seq 100); do
	kvm-gadget-setup up
	kvm-gadget-setup down
	[ -z "$(ls "$GADGETS")" ] || fail "left: $(ls "$GADGETS")"
done
expect "$(find /dev -name 'hidg*' -o -name 'ttyGS*')" '' 'device nodes left'
nothing_gone() { [ $((before - $(available_kb))) -lt 8192 ]; }
wait_for nothing_gone # the host frees its memory a little later
echo "# kB gone after 100 cycles: $((before - $(available_kb)))"
gadget_up
test -c /dev/hidg0
