#!/bin/sh
# The virtual machine itself: everything that the other scenarios take for granted.
expect "$(ls /sys/class/udc)" dummy_udc.0 'device controllers'
expect "$(cat /sys/class/graphics/fb0/virtual_size)" 1280,720 'the screen'
expect "$(cat "$GADGETS"/* 2>/dev/null)" '' 'gadgets before the first'

# shellcheck disable=SC2016
on_console sh -c 'echo "Grüße, $((6 * 7))"; exec cat'
wait_for on_screen 'Grüße, 42'

modprobe vivid n_devs=1
at_exit 'rmmod vivid'
wait_for test -c /dev/video0

# The kernel asks modprobe for the functions of a gadget.
mkdir -p "$GADGETS/lab/functions/hid.one"
at_exit "rmdir $GADGETS/lab/functions/hid.one $GADGETS/lab"
test -e "$GADGETS/lab/functions/hid.one/report_desc"
