#!/bin/sh
# A frame of a real V4L2 driver, encoded and decoded, shows the driver's colour bars.
vivid_up node_types=0x1
v4l2-ctl -d /dev/video0 -c osd_text_mode=2
kvm-capture -d /dev/video0 -n 1 --timeout 300 -o /tmp/frame.jpg
expect "$(pictures bars /tmp/frame.jpg 191 4)" '' 'colour bars'
