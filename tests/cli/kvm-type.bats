#!/usr/bin/env bats
# kvm-type without a gadget: --dry-run prints the same reports that would be sent.
load common

teardown() { sweep; }

released="keyboard 00 00 00 00 00 00 00 00"
# tapped KEYS...: prints the reports of keys pressed and released. A key is given by the first three
# bytes of its report.
tapped() { printf "keyboard %s 00 00 00 00 00\n$released\n" "$@"; }

@test "text becomes reports, each key pressed and released" {
	run kvm-type --dry-run <<<'A-'
	status_is 0
	[ "$output" = "$(tapped '02 00 04' '00 00 2d' '00 00 28')" ]
}

@test "-l types for another layout; KVM_LAYOUT is the default" {
	de=$(printf 'z' | kvm-type --dry-run -l de)
	[ "${de%%$'\n'*}" = "keyboard 00 00 1c 00 00 00 00 00" ]
	[ "$(printf 'z' | KVM_LAYOUT=de kvm-type --dry-run)" = "$de" ]
}

@test "CRLF is one Enter" {
	[ "$(printf 'a\r\nb' | kvm-type --dry-run)" = "$(printf 'a\nb' | kvm-type --dry-run)" ]
}

@test "a reader of --dry-run that goes: it dies of SIGPIPE, silently" {
	yes 'a long text' | head -n 10000 >"$BATS_TEST_TMPDIR/text"
	sed 's/^/type /' "$BATS_TEST_TMPDIR/text" >"$BATS_TEST_TMPDIR/lines"
	for options in '-f text' '-a -f lines'; do
		# shellcheck disable=SC2016  # expanded by the inner shell
		run bash -c "cd '$BATS_TEST_TMPDIR' && { kvm-type --dry-run $options; echo \$? >status; } | head -n 1"
		[[ $output == 'keyboard '* && $output != *$'\n'* ]]
		[ "$(cat "$BATS_TEST_TMPDIR/status")" -eq 141 ]
	done
}

@test "-k: modifiers with the key, in order given" {
	run kvm-type --dry-run -k ctrl+alt+delete -k 'F1 A'
	status_is 0
	[ "$output" = "$(tapped '05 00 4c' '00 00 3a' '02 00 04')" ]
}

@test "-k: an unknown key is a usage error, and nothing is pressed" {
	run --separate-stderr kvm-type --dry-run -k a -k ctlr+c
	status_is 64
	one_line kvm-type
	[[ $stderr == *"unknown key 'ctlr' (see kvm-type --list-keys)"* && -z $output ]]
}

@test "-k: no key, or one that cannot be pressed, and nothing is pressed or typed" {
	run --separate-stderr kvm-type --dry-run -k '' <<<SECRET
	status_is 64
	one_line kvm-type
	[ -z "$output" ]
	for chords in 'b a+b+c+d+e+f+g' 'a x:dead_acute'; do
		run --separate-stderr kvm-type --dry-run -k "$chords"
		status_is 65
		one_line kvm-type
		[ -z "$output" ]
	done
	[ "$(kvm-type --dry-run -k x:KP_Enter)" = "$(kvm-type --dry-run -k kpenter)" ]
}

@test "-a: keyboard and both mice; what is still down at the end is released" {
	run kvm-type -a --dry-run <<-EOF
		# a comment
		mouseto 1 0.5
		click right
		mousemove 200 -1
		wheel -1
		keydown ctrl
	EOF
	status_is 0
	[ "$output" = "pointer 00 ff 7f 00 40 00 00
pointer 02 ff 7f 00 40 00 00
pointer 00 ff 7f 00 40 00 00
mouse 00 64 00 00 00
mouse 00 64 ff 00 00
mouse 00 00 00 ff 00
keyboard 01 00 00 00 00 00 00 00
$released" ]
}

@test "-a: an error names the line and does not repeat what may be a secret" {
	run --separate-stderr kvm-type -a --dry-run <<<$'key a\nhunter2'
	status_is 65
	one_line kvm-type
	[[ $stderr == *"stdin: line 2: unknown action"* && $stderr != *hunter2* ]]
}

@test "what the layout cannot type is refused before the first key" {
	run --separate-stderr kvm-type --dry-run <<<$'ok €\nnot ok: ж'
	status_is 65
	[ -z "$output" ]
	[[ $stderr == *"line 1, column 4: '€' (U+20AC)"*"line 2, column 9: 'ж' (U+0436)"* ]]
	[[ $stderr == *"layout us has no keys for these characters; nothing was typed"* ]]
}

@test "untypable text: one line for each character, with its number, its count and the option that helps" {
	nbsp=$'\u00a0' override=$'\u202e'
	run --separate-stderr kvm-type --dry-run <<<"“it’s”$nbsp“so” $override"
	status_is 65
	[ "${stderr_lines[0]}" = "kvm-type: line 1, column 1: '“' (U+201C), 2 times (--replace \$'\\u201c=\"' helps)" ]
	[ "${stderr_lines[1]}" = "kvm-type: line 1, column 4: '’' (U+2019) (--replace \$'\\u2019=\\'' helps)" ]
	[ "${stderr_lines[3]}" = "kvm-type: line 1, column 7: '$nbsp' (U+00A0) (--replace \$'\\u00a0= ' helps)" ]
	[ "${stderr_lines[4]}" = 'kvm-type: line 1, column 13: U+202E' ] # it would turn the terminal's text around
	[[ ${#stderr_lines[@]} -eq 6 && $stderr != *$override* ]]
	# What the shell makes of such a hint is what the option takes.
	hints=$(grep -o -- "--replace .* helps" <<<"$stderr" | sed 's/ helps$//' | tr '\n' ' ')
	[ "$(eval "kvm-type --dry-run $hints" <<<"“it’s”$nbsp“so”")" = "$(kvm-type --dry-run <<<"\"it's\" \"so\"")" ]
}

@test "a megabyte that cannot be typed: as many lines as there are characters" {
	python3 -c 'print("日本" * 170000 + "語")' >"$BATS_TEST_TMPDIR/text"
	run --separate-stderr kvm-type --dry-run -f "$BATS_TEST_TMPDIR/text"
	status_is 65
	[[ ${#stderr_lines[@]} -eq 4 && $stderr == *"'日' (U+65E5), 170000 times"*"'語' (U+8A9E)"$'\n'* ]]
}

@test "text as Windows and macOS write it" {
	[ "$(printf '\xef\xbb\xbfhi' | kvm-type --dry-run)" = "$(printf hi | kvm-type --dry-run)" ]
	for encoding in UTF-16 UTF-16LE UTF-16BE UTF-32; do
		run --separate-stderr kvm-type --dry-run < <(echo hello | iconv -t $encoding)
		status_is 65
		one_line kvm-type
		[[ $stderr == *"the text is $encoding, not UTF-8 (iconv -f $encoding"* ]]
	done
	python3 -c 'import unicodedata; print(unicodedata.normalize("NFD", "Größe öffnen"))' >"$BATS_TEST_TMPDIR/text"
	[ "$(kvm-type --dry-run -l de -f "$BATS_TEST_TMPDIR/text")" = "$(kvm-type --dry-run -l de <<<'Größe öffnen')" ]
	[ "$(sed 's/^/type /' "$BATS_TEST_TMPDIR/text" | kvm-type -a --dry-run -l de)" = "$(echo 'type Größe öffnen' | kvm-type -a --dry-run -l de)" ]
}

@test "--pointer-area: a part of the desktop, or 64" {
	[ "$(kvm-type -a --dry-run --pointer-area 0.5,0,0.5,1 <<<'mouseto 0 1')" = "$(kvm-type -a --dry-run <<<'mouseto 0.5 1')" ]
	for wrong in '' 0,0,1 0,0,1,1,1 0,0,0,1 0.5,0,0.6,1 -1,0,1,1 a,0,1,1; do
		run --separate-stderr kvm-type -a --dry-run --pointer-area "$wrong" <<<'mouseto 0 0'
		status_is 64
		one_line kvm-type
	done
}

@test "invalid UTF-8 is refused, with its place" {
	run --separate-stderr kvm-type --dry-run < <(printf 'ab\nc\xff')
	status_is 65
	one_line kvm-type
	[[ $stderr == *"line 2, column 2: invalid UTF-8"* && -z $output ]]
}

@test "an unknown layout is named" {
	run --separate-stderr kvm-type --dry-run -l xyzzy <<<a
	status_is 64
	one_line kvm-type
	[[ $stderr == *"'xyzzy'"*--list-layouts* ]]
}

@test "--target chooses where systems differ, and what it cannot type is refused before the first key" {
	windows=$(printf '~a' | kvm-type --dry-run -l fr --target windows)
	[ "$windows" = "$(printf '~a' | kvm-type --dry-run -l fr@windows)" ]
	[ "$windows" = "$(printf '~a' | KVM_LAYOUT=fr kvm-type --dry-run --target windows)" ]
	[ "$(printf '~a' | kvm-type --explain -l fr --target windows | head -1)" = "'~' (U+007E): rightalt+2 space" ]
	[ "$(echo 'type ~a' | kvm-type -a --dry-run -l us --target windows)" != "$windows" ]
	[ "$(printf 'layout fr\ntype ~a\n' | kvm-type -a --dry-run -l us --target windows)" = "$windows" ]
	[ "$(printf 'layout fr@windows\ntype ~a\n' | kvm-type -a --dry-run)" = "$windows" ]
	run --separate-stderr kvm-type --dry-run -l it --target windows <<<'a`'
	status_is 65
	[[ -z $output && $stderr == *"layout it@windows has no keys for this character; nothing was typed"*--target* ]]
	run --separate-stderr kvm-type --dry-run -l us:colemak --target windows <<<a
	status_is 64
	one_line kvm-type
	[[ -z $output && $stderr == *"layout us:colemak: its keys on windows are not known"*"--list-layouts [--target"* ]]
	kvm-type --list-layouts --target windows | grep -q '^fr '
	! kvm-type --list-layouts --target windows | grep -q '^us:colemak '
}

@test "characters for which another system needs other keys are named once, and typed" {
	run --separate-stderr kvm-type --dry-run -l fr <<<'cd ~ops ~ops'
	status_is 0
	[[ -n $output && $stderr == "kvm-type: layout fr: the keys for ~ give something else on console (--target tells which system it is)
kvm-type: layout fr: the keys for ~ give something else on windows (--target tells which system it is)" ]]
	run --separate-stderr kvm-type --dry-run -l fr <<<'cd ~/x'
	status_is 0
	[ -z "$stderr" ]
}

@test "a signal releases what is down" {
	out=$BATS_TEST_TMPDIR/out
	held "$BATS_TEST_TMPDIR/actions"
	kvm-type -a --dry-run <"$BATS_TEST_TMPDIR/actions" >"$out" 3>&- &
	echo keydown shift >&9
	eventually grep -q 'keyboard 02' "$out"
	stop $!
	[ "$(tail -1 "$out")" = "$released" ]
}

@test "--list-keys names every key that -k takes" {
	kvm-type --list-keys | while read -r name code; do
		[ "$(kvm-type --dry-run -k "$name")" = "$(kvm-type --dry-run -k "$code")" ]
	done
}

@test "--skip and --replace type the rest on purpose" {
	[ "$(printf 'a€b' | kvm-type --dry-run --skip)" = "$(printf 'ab' | kvm-type --dry-run)" ]
	[ "$(printf 'a€=b' | kvm-type --dry-run --replace €=EUR --replace '==:')" = \
		"$(printf 'aEUR:b' | kvm-type --dry-run)" ]
	run --separate-stderr kvm-type --dry-run --replace €=ж <<<€
	status_is 65
	for wrong in nonsense $'a=\xff'; do
		run --separate-stderr kvm-type --dry-run --replace "$wrong" <<<a
		status_is 64
		one_line kvm-type
		[[ $stderr == *--replace* ]]
	done
}

@test "--unicode enters by number what has no key" {
	run kvm-type --explain --unicode linux < <(printf ж)
	[ "$output" = "'ж' (U+0436): leftctrl+leftshift+u 4 3 6 space" ]
	run kvm-type --explain --unicode windows -l fr < <(printf 𝄞)
	[ "$output" = "'𝄞' (U+1D11E): leftalt+kpplus leftalt+kp1 leftalt+d leftalt+kp1 leftalt+kp1 leftalt+e" ]
	run kvm-type --explain --unicode mac < <(printf 𝄞)
	[ "$output" = "'𝄞' (U+1D11E): leftalt+d leftalt+8 leftalt+3 leftalt+4 leftalt+d leftalt+d leftalt+1 leftalt+e" ]
	# Alt stays down from the first digit to the last.
	run kvm-type --dry-run --unicode mac < <(printf ж)
	[ "$output" = "keyboard 04 00 27 00 00 00 00 00
keyboard 04 00 00 00 00 00 00 00
keyboard 04 00 21 00 00 00 00 00
keyboard 04 00 00 00 00 00 00 00
keyboard 04 00 20 00 00 00 00 00
keyboard 04 00 00 00 00 00 00 00
keyboard 04 00 23 00 00 00 00 00
$released" ]
}

@test "--explain names the keys; what has none makes it 65" {
	run kvm-type --explain -l fr < <(printf 'Êê')
	status_is 0
	[ "$output" = "'Ê' (U+00CA): leftbrace leftshift+e
'ê' (U+00EA): leftbrace e" ]
	run kvm-type --explain < <(printf 'aж')
	status_is 65
	[ "$output" = "'a' (U+0061): a
'ж' (U+0436): no keys" ]
}

@test "--list-layouts has layouts and variants that -l takes" {
	kvm-type --list-layouts >"$BATS_TEST_TMPDIR/list"
	[ "$(grep -c . "$BATS_TEST_TMPDIR/list")" -gt 400 ]
	grep -q '^us:intl  *English (US, intl., with dead keys)$' "$BATS_TEST_TMPDIR/list"
	# This is a sample; the unit tests compile all layouts.
	awk 'NR % 50 == 0 { print $1 }' "$BATS_TEST_TMPDIR/list" | while read -r layout; do
		kvm-type --explain -l "$layout" </dev/null
	done
}

@test "a layout that is gone: text is refused, action lines go on with what needs none" {
	run --separate-stderr kvm-type --dry-run -l nosuch <<<a
	status_is 64
	one_line kvm-type
	run --separate-stderr kvm-type -a --dry-run --ack -l nosuch <<<$'key a\ntype a\nlayout us\ntype a\nlayout\ntype a'
	status_is 65
	[ "$(grep -v keyboard <<<"$output" | sed 's/: .*//' | xargs)" = "ok error ok ok ok error" ]
	one_line kvm-type
	[[ $stderr == *"no such layout: 'nosuch'"*"keys work, texts cannot be typed" ]]
}

@test "--ack answers each line and goes on; the status is the first failure's" {
	run --separate-stderr kvm-type -a --dry-run --ack <<<$'key a\nkey nosuch\n\nlayout xx\nkey b'
	status_is 65
	[ "$(grep -v keyboard <<<"$output")" = "ok
error: key: unknown key 'nosuch' (see kvm-type --list-keys)
ok
error: no such layout: 'xx' (see kvm-type --list-layouts [--target TARGET])
ok" ]
	[ -z "$stderr" ]
}

@test "a line that is too long is an error like another; --ack and --status go on" {
	long() { echo key a; yes 'type too long' | head -c "$1" | tr '\n' ' '; printf '%s' "$2"; }
	ok=$'ok\n'; error=$'error: longer than 1048576 bytes\n'
	for bytes in 1048577 1100000 3000000; do
		run --separate-stderr kvm-type -a --dry-run < <(long $bytes $'\nkey b\n')
		status_is 65
		one_line kvm-type
		[[ $stderr == *'stdin: line 2: longer than 1048576 bytes' ]]
		run kvm-type -a --dry-run --ack < <(long $bytes $'\nkey b\nnosuch\n')
		status_is 65
		[[ $(grep -v keyboard <<<"$output") == "$ok$error${ok}error: unknown action"* ]]
		run kvm-type -a --dry-run --ack < <(long $bytes)
		status_is 65
		[ "$(grep -v keyboard <<<"$output")" = "$ok${error%?}" ]
	done
	run --separate-stderr kvm-type -a --dry-run --status "$BATS_TEST_TMPDIR/status" < <(long 2000000 $'\nkey b\n')
	status_is 65
	[[ $(tail -n 1 "$BATS_TEST_TMPDIR/status") == *'"done":2,"failed":1'* ]]
	# kvm-type does not wait for the end of an endless line.
	run --separate-stderr timeout 30 kvm-type -a --dry-run </dev/zero
	status_is 65
}

@test "options that do not go together are refused" {
	for options in "-k a -f /nonexistent" "-k a --skip" "-k a --rate 5" "--list-keys --list-layouts" \
		"--list-keys -k a" "--list-layouts -f x" "--explain --list-keys" "--explain --wait" \
		"--explain -a" "--explain -k a" "--ack" "--status x" "-a -k a" "--wait --timeout 1" "--rate 0" "--rate nan" \
		"--rate inf" "--timeout nan" "--verify-leds 0" "--unicode dos" "--target dos" "-l us@dos" "--list-keys --target mac"; do
		# shellcheck disable=SC2086  # split into words
		run --separate-stderr kvm-type $options </dev/null
		status_is 64
		one_line kvm-type
		[[ -z $output ]]
		[ ${#stderr} -lt 200 ]
	done
}

@test "a directory is no text: 66" {
	run --separate-stderr kvm-type --dry-run -f /tmp
	status_is 66
	one_line kvm-type
}

@test "ten thousand keys among mouse movements: every one, in order" {
	awk 'BEGIN { for (i = 0; i < 10000; i++) print "mousemove 1 1\nkey " substr("abcd", i % 4 + 1, 1) }' |
		kvm-type -a --dry-run | awk '$1 == "keyboard" && $4 != "00" { print $4 }' >"$BATS_TEST_TMPDIR/keys"
	awk 'BEGIN { for (i = 0; i < 10000; i++) printf "%02x\n", 4 + i % 4 }' | cmp - "$BATS_TEST_TMPDIR/keys"
}
