#!/bin/sh
# A host that speaks the boot protocol, as firmware does (Debian's kernel has no usbkbd and
# usbmouse: boot-host takes their place), gets the keys, CapsLock included, and the mouse's reports.
gadget_up
spawn boot-host 0 >/tmp/keys
spawn boot-host 2 >/tmp/mouse
wait_for grep -q ready /tmp/keys
wait_for grep -q ready /tmp/mouse
no_key='00 00 00 00 00 00 00 00'
caps='00 00 39 00 00 00 00 00'
last() { tail -n "$1" /tmp/keys; }
last_is() { [ "$(last "$1")" = "$2" ]; }

kvm-type -k ctrl+alt+delete
wait_for last_is 2 "05 00 4c 00 00 00 00 00
$no_key"
kvm-type -k capslock
wait_for last_is 2 "$caps
$no_key"
# CapsLock is on: kvm-type turns it off for the text, and on again.
printf aB | kvm-type
wait_for last_is 8 "$caps
$no_key
00 00 04 00 00 00 00 00
$no_key
02 00 05 00 00 00 00 00
$no_key
$caps
$no_key"

printf '%s\n' 'mousemove 5 -7' 'click left' 'wheel 1' | kvm-type -a
mouse_is() { [ "$(sed -n '/00 05 f9/,$p' /tmp/mouse)" = "$1" ]; }
wait_for mouse_is '00 05 f9
01 00 00
00 00 00
00 00 00'
