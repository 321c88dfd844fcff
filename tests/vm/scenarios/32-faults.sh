#!/bin/sh
# Errors that a driver can make are injected: frames go on, or come back.
vivid_up node_types=0x1
capture -d /dev/video0
wait_for newest live

# goes_on WHAT: waits for five more frames, then for a live one. (On a slow emulated machine
# "stalled" may come between them.)
goes_on() {
	echo "after $1:"
	seen=$(wc -l </tmp/frames)
	wait_for more_than $((seen + 5))
	wait_for newest live
}
more_than() { [ "$(wc -l </tmp/frames)" -gt "$1" ]; }

v4l2-ctl -d /dev/video0 -c percentage_of_dropped_buffers=50
goes_on 'dropped buffers'
v4l2-ctl -d /dev/video0 -c percentage_of_dropped_buffers=0
for fault in v4l2_buf_flag vidioc_qbuf fatal_streaming; do
	v4l2-ctl -d /dev/video0 -c inject_${fault}_error=1
	goes_on $fault
done
# These faults strike when capturing restarts.
for fault in vidioc_reqbufs vidioc_streamon; do
	v4l2-ctl -d /dev/video0 -c inject_${fault}_error=1 -c inject_fatal_streaming_error=1
	goes_on $fault
done

# Disconnected: vivid comes back by itself once no program has the device open.
exec 9</dev/video0
v4l2-ctl -d /dev/video0 -c disconnect=1
wait_for newest no-device
exec 9<&-
wait_for newest live

# Pulled out: after the notice kvm-capture has nothing of the device open or mapped, so that vivid
# can be unloaded. Then the device comes back under another number.
echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind
wait_for newest no-device
rmmod vivid
modprobe vivid n_devs=1 node_types=0x1 vid_cap_nr=5
wait_for newest live
test -c /dev/video5
goes_on 'another number'
expect "$(grep -c bad /tmp/frames)" 0 'broken frames'
