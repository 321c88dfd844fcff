#!/bin/sh
# A chord, both mice, buttons and wheels, as the USB host's input devices report them.
gadget_up
spawn evdump >/tmp/events
wait_for grep -q '^ready 5' /tmp/events

# reported WANTED WHAT ACTION...: types these action lines and checks that the host reports WANTED.
reported() {
	before=$(wc -l </tmp/events)
	(shift 2 && printf '%s\n' "$@") | kvm-type -a
	becomes "$1" "$2" tail -n +$((before + 1)) /tmp/events
}

# Codes: linux/input-event-codes.h.
reported 'key 29 1
key 56 1
key 111 1
key 29 0
key 56 0
key 111 0' 'ctrl+alt+delete' 'key ctrl+alt+delete'
reported 'abs 0 16384
abs 1 8192
abs 0 32767
abs 1 32767' 'mouseto' 'mouseto 0.5 0.25' 'mouseto 1 1'
reported 'key 272 1
key 272 0
key 273 1
key 273 0
key 274 1
key 274 0' 'click' 'click left' 'click right' 'click middle'
reported 'rel 0 5
rel 1 -7' 'mousemove' 'mousemove 5 -7'
reported 'rel 8 -2
rel 11 -240
rel 6 1
rel 12 120' 'wheels' 'wheel -2' 'hwheel 1'

# A whole file arrives, although it ends while the mouse is still busy.
at_exit 'rm /tmp/lines'
yes 'mousemove 1 0' | head -n 100 >/tmp/lines
before=$(wc -l </tmp/events)
kvm-type -a -f /tmp/lines
moved() { tail -n +$((before + 1)) /tmp/events | awk '$1 == "rel" && $2 == 0 { x += $3 } END { exit x != 100 }'; }
wait_for moved
