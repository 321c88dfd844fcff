#!/bin/sh
# An analogue grabber: the input and the television standard are those asked for, by number or name.
# ccs_cap_mode=0: without a scaler, the standard determines the size.
vivid_up node_types=0x1 ccs_cap_mode=0
shoot() { kvm-capture -d /dev/video0 -n 1 --timeout 300 -o /tmp/frame.jpg "$@"; }
# size: of the frame, as kvm-capture wrote it.
size() { frames </tmp/frame.jpg | sed 's/^live \([0-9x]*\) .*/\1/'; }
input() { v4l2-ctl -d /dev/video0 --get-input | sed 's/^Video input : \([0-9]*\) .*/\1/'; }
standard() { v4l2-ctl -d /dev/video0 --get-standard | sed -n '2s/[[:space:]]*//p'; }

name=$(v4l2-ctl -d /dev/video0 --list-inputs | sed -n 's/.*Name *: \(S-Video.*\)/\1/p')
expect "${name%% *}" S-Video 'an input of vivid'
kvm-capture --list >/tmp/list
grep -q "^  input 2: $name\$" /tmp/list || fail "not listed: $name"

shoot --input "$name" --standard PAL
expect "$(size) $(input)" '720x576 2' 'size and input with PAL'
shoot --input 2 --standard ntsc-m
expect "$(size) $(input)" '720x480 2' 'size and input with NTSC'
expect "$(standard)" NTSC-M 'the standard'
kvm-capture --list | grep -q "^  input 2: $name, in use; standards: .*NTSC-M" || fail 'the standards are not listed'
shoot --input 1
expect "$(input)" 1 'the input given by its number'
expect "$(size)" 720x576 'the size of the other input, whose standard is still PAL'

fails_with 64 shoot --input Betamax
fails_with 64 shoot --input 9
fails_with 64 shoot --input 2 --standard PAL-X
fails_with 64 shoot --input 3 --standard PAL # HDMI has no standards
