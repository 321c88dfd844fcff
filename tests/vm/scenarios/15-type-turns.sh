#!/bin/sh
# Writers take turns, a whole text each; the next writer releases the keys of a killed one.
gadget_up
console_layout us
typed_into /tmp/typed
for who in a b c; do
	printf '%0100d' 0 | tr 0 $who | kvm-type &
	eval "pid_$who=\$!"
done
# shellcheck disable=SC2154  # set above
wait "$pid_a" && wait "$pid_b" && wait "$pid_c"
becomes 300 'characters' sh -c 'wc -c </tmp/typed'
expect "$(tr -s abc </tmp/typed | wc -c)" 3 "texts were mixed: $(cat /tmp/typed)"

mkfifo /tmp/turns
at_exit 'rm /tmp/turns'
kvm-type -a --ack </tmp/turns >/tmp/answers &
holder=$!
exec 9>/tmp/turns
echo keydown shift >&9
wait_for grep -q ok /tmp/answers
fails_with 75 kvm-type --no-wait -k a | grep 'another kvm-type is typing'
echo 'keyup shift' >&9
before=$(wc -c </tmp/typed)
printf z | kvm-type
becomes z 'after its turn' tail -c +$((before + 1)) /tmp/typed

# A kvm-type that is killed leaves its key down; the next kvm-type releases it.
spawn evdump >/tmp/events
wait_for grep -q 'ready 5' /tmp/events
echo keydown shift >&9
wait_for grep -q 'key 42 1' /tmp/events
kill -KILL $holder
fails_with 137 wait $holder
exec 9>&-
sleep 0.3
! grep -q 'key 42 0' /tmp/events || fail 'the key came up, although nobody released it'
kvm-type -a </dev/null
wait_for grep -q 'key 42 0' /tmp/events
