#!/bin/sh
# Every printable ASCII character, typed into cat(1) on the target's console, is on its screen.
gadget_up
on_console cat
ascii=$(awk 'BEGIN { for (c = 33; c < 127; c++) printf "%c", c; print " end" }')
printf '%s\n' "$ascii" | kvm-type
wait_for on_screen ' end'
becomes "$ascii
$ascii" 'typed and repeated by cat' screen
