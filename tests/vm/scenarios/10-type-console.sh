#!/bin/sh
# Every printable ASCII character, typed for a layout, is echoed by a console set to it.
gadget_up
# shellcheck disable=SC2059  # the format is the characters
ascii=$(printf "$(awk 'BEGIN { for (i = 32; i < 127; i++) printf "\\%o", i }')")
typed_into /tmp/typed
grown() { [ "$(wc -c </tmp/typed)" -ge "$1" ]; }
before=0
for layout in us de fr us:dvorak; do
	console_layout "$layout"
	printf '%s\n' "$ascii" | kvm-type -v -l "$layout"
	wait_for grown $((before + 96))
	expect "$(tail -c +$((before + 1)) /tmp/typed | tr '\r' '\n')" "$ascii" "$layout"
	before=$((before + 96))
done
