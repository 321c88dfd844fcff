#!/bin/sh
# The target's HDMI output changes its mode, goes and comes back; the reader always knows.
vivid_up node_types=0x1
v4l2-ctl -d /dev/video0 -i 3 --set-dv-bt-timings index=7 >/dev/null
# The members of "timings", sorted, for their order is free.
timings=$(kvm-capture --list --json | tr -d ' \n' | sed 's/.*"timings":{\([^}]*\)}.*/\1/' |
	tr , '\n' | sort | tr '\n' ' ')
expect "$timings" '"height":720 "rate":60 "width":1280 ' 'the timings listed'
capture -d /dev/video0

# signal MODE: vivid's dv_timings_signal_mode. 0: as set; 1: none; 2: no lock; 3: out of range;
# 4: what dv_timings selects.
signal() { v4l2-ctl -d /dev/video0 -c "dv_timings_signal_mode=$1"; }

wait_for newest live 1280x720
for mode in 1 2 3; do
	signal $mode
	wait_for newest no-signal
	signal 0
	wait_for newest live 1280x720
done

# Other modes are followed without a restart: numbers 0 and 33 of vivid's list.
signal 4
v4l2-ctl -d /dev/video0 -c dv_timings=0
wait_for newest live 640x480
v4l2-ctl -d /dev/video0 -c dv_timings=33
wait_for newest live 1024x768
expect "$(grep -c bad /tmp/frames)" 0 'broken frames'
