#!/bin/sh
# Media and system keys, as the USB host's input devices report them: first each key that only the
# controls have, by the code that kvm-type --list-keys prints, then keys that the keyboard has too.
gadget_up
spawn evdump >/tmp/events
wait_for grep -q '^ready 5' /tmp/events

reported() { # reported CODES COMMAND...: the command makes the host report these keys, one by one
	before=$(wc -l </tmp/events)
	wanted=$(for code in $1; do printf 'key %d 1\nkey %d 0\n' "$code" "$code"; done)
	shift
	"$@"
	becomes "$wanted" "$*" tail -n +$((before + 1)) /tmp/events
}
kvm-type --list-keys | sed -n '/^sleep /,$p' >/tmp/keys
[ "$(wc -l </tmp/keys)" -ge 20 ] || fail "few keys: $(cat /tmp/keys)"
while read -r name code; do
	reported "${code#k:}" kvm-type -k "$name"
done </tmp/keys

# Codes: linux/input-event-codes.h. KEY_MUTE, KEY_VOLUMEDOWN, KEY_VOLUMEUP, KEY_POWER, KEY_SLEEP,
# KEY_WAKEUP, KEY_NEXTSONG, KEY_PLAYPAUSE
reported '113 114 115 116 142 143 163 164' \
	kvm-type -k 'mute volumedown volumeup power sleep wakeup nexttrack playpause'

# A modifier of the keyboard is down while the key is.
before=$(wc -l </tmp/events)
kvm-type -k alt+volumeup
becomes 'key 56 1
key 115 1
key 115 0
key 56 0' 'a chord' tail -n +$((before + 1)) /tmp/events

# A killed kvm-type leaves a key down; the next one releases it.
mkfifo /tmp/actions
at_exit 'rm /tmp/actions'
before=$(wc -l </tmp/events)
spawn sh -c 'exec kvm-type -a </tmp/actions'
typist=$!
exec 9>/tmp/actions
echo 'keydown sleep' >&9
becomes 'key 142 1' 'sleep is down' tail -n +$((before + 1)) /tmp/events
kill -9 $typist
exec 9>&-
kvm-type -k playpause
becomes 'key 142 1
key 142 0
key 164 1
key 164 0' 'what was left down' tail -n +$((before + 1)) /tmp/events

# A gadget without the function still has the keys of a keyboard, and names what is missing.
plugs kvm-gadget-setup up --without controls
said=$(fails_with 66 kvm-type -k playpause)
expect "$said" 'kvm-type: the gadget has no controls, which have the key playpause (kvm-gadget-setup up makes them)' 'what it says'
spawn evdump >/tmp/events2
wait_for grep -q '^ready 3' /tmp/events2
kvm-type -k mute
becomes 'key 113 1
key 113 0' 'mute on the keyboard' sh -c 'grep ^key /tmp/events2'
