#!/bin/sh
# Every printable ASCII character and the letters of the language arrive at a console with a keymap of
# kbd's own: the kernel judges what the keys give, and XKB has no part in it. The keymaps are those of
# console-data. The third column has the signs that are on other keys in kbd 2.7.1.
gadget_up
# shellcheck disable=SC2059  # the format is the characters
ascii=$(printf "$(awk 'BEGIN { for (i = 32; i < 127; i++) printf "\\%o", i }')")
typed_into /tmp/typed
before=0
# What the console has typed since `before`.
typed() { tail -c +$((before + 1)) /tmp/typed | tr '\r' '\n'; }
lines() { [ "$(typed | wc -l)" -ge "$1" ]; }
wrong=
while read -r layout keymap without letters; do
	console_keymap "$keymap"
	text=$ascii$letters
	[ "$without" = - ] || text=$(printf '%s' "$text" | tr -d "$without")
	# The second line ends the wait even if characters of the first are lost.
	printf '%s\n\n' "$text" | kvm-type -l "$layout" --target console
	wait_for lines 2
	[ "$(typed)" = "$text" ] || wrong="$wrong
$layout ($keymap): $(typed)"
	before=$(wc -c </tmp/typed)
done <<-'EOF'
	de de-latin1 - äöüßÄÖÜ§
	fr fr-latin1 - éèçàùêîôû
	be be-latin1 ` éèçàùêîôû
	ch sg-latin1 - äöüéèàç
	es es - ñÑáéíóú¿¡çÇ
	latam la-latin1 ^` ñÑáéíóú¿¡
	it it - èéòàùì°§ç
	br br-abnt2 - çÇáâãàéêíóôõú
	dk dk-latin1 - æøåÆØÅ
	hu hu - áéíóöőúüűÁÉÍÓÖŐÚÜŰ
	hr croat - čćšđžČĆŠĐŽ
	si slovene - čšžČŠŽ
	gb uk - £
	jp jp106 -
EOF
expect "$wrong" "" 'texts that arrived otherwise'
