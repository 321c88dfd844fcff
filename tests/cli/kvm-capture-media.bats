#!/usr/bin/env bats
# kvm-capture on a TC358743 behind rp1-cfe, the camera port of a Raspberry Pi 5: the graph of the
# media device is that which media-ctl(1) prints there (tests/v4l2/README.md).
load common

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir dev
	graph 'signal 320x240@30'
	touch dev/v4l-subdev{0,1,2}
	for number in 0 4; do
		printf '%s\n' mc 'driver rp1-cfe' 'card rp1-cfe' 'bus platform:1f00110000.csi' 'frames raw' \
			'mode UYVY 640x480 30' 'mode BGR3 640x480 30' 'mode RGB3 640x480 30' >dev/video$number
	done
	ffmpeg -v error -f lavfi -i testsrc2=s=320x240:r=30 -frames:v 1 -pix_fmt uyvy422 -f rawvideo dev/raw
}
teardown() { sweep; }

# graph LINE...: links as libcamera leaves them: to the ISP's front end, not to the node. LINEs are
# more of the description.
graph() {
	printf '%s\n' 'driver rp1-cfe' 'bus platform:1f00110000.csi' \
		'subdev 2 o tc358743 10-000f' 'subdev 0 iiiioooo csi2' 'subdev 1 iiooo pisp-fe' \
		'video 0 i rp1-cfe-csi2_ch0' 'video 4 i rp1-cfe-fe_image0' \
		'link 1:0 2:0 fixed' 'link 2:4 4:0' 'link 2:4 3:0 on' 'link 3:2 5:0 on' \
		'codes BGR888_1X24 UYVY8_1X16 RGB888_1X24' "$@" >dev/new
	mv dev/new dev/media0
}
size_of() { ffprobe -v error -f mjpeg -show_entries stream=width,height -of csv=p=0:s=x "$1"; }
says() { grep -aq "s=$1" out; }
on_pi() { on_device dev "$@"; }

@test "the way that people publish works on the simulated port, and no step can be left out" {
	# pads FORMAT: sets the pads as published for a Raspberry Pi 5.
	pads() {
		for pad in "'tc358743 10-000f':0" "'csi2':0" "'csi2':4"; do
			on_pi media-ctl -d /dev/media0 -V "$pad [fmt:$1/320x240 field:none]"
		done
	}
	# streams FORMAT: v4l2-ctl gets frames. (It ends with status 0 even if the stream does not start.)
	streams() {
		on_pi v4l2-ctl -d0 -v width=320,height=240,pixelformat="$1" --stream-mmap --stream-count=2 --stream-to=frames
		[ -s frames ]
	}
	run ! streams UYVY
	on_pi media-ctl -d /dev/media0 -r
	on_pi media-ctl -d /dev/media0 -l "'csi2':4 -> 'rp1-cfe-csi2_ch0':0 [1]"
	run ! streams UYVY
	on_pi v4l2-ctl -d /dev/v4l-subdev2 --set-dv-bt-timings query
	pads UYVY8_1X16
	streams UYVY
	cmp -n 153600 frames dev/raw
	run ! streams BGR3
}

@test "the bridge is found, linked and set up; its picture comes, pixel for pixel" {
	on_pi kvm-capture -n 1 >one.jpg
	[ "$(size_of one.jpg)" = 320x240 ]
	# The same pixels through a plain device.
	mkdir plain
	cp dev/raw plain/raw
	printf '%s\n' 'mode UYVY 320x240 30' 'frames raw' >plain/video0
	on_device plain kvm-capture -n 1 >plain.jpg
	for name in one plain; do ffmpeg -v error -i $name.jpg -f rawvideo -y $name.raw; done
	cmp one.raw plain.raw
	# media-ctl sees what was linked, and nothing else is.
	on_pi media-ctl -d /dev/media0 -p >graph
	[ "$(grep -c -- '-> .*ENABLED' graph)" -eq 2 ]
	grep -q -- '-> "rp1-cfe-csi2_ch0":0 \[ENABLED\]' graph
	[ "$(head -c8 dev/edid-v4l-subdev2 | od -An -tx1 | tr -d ' ')" = 00ffffffffffff00 ]
}

@test "a format with which the port does not start: the next one is used" {
	graph 'signal 320x240@30' 'refuses UYVY8_1X16'
	on_pi kvm-capture -n 1 >one.jpg 2>err
	[ "$(size_of one.jpg)" = 320x240 ]
	on_pi media-ctl -d /dev/media0 -p | grep -q 'fmt:\(BGR\|RGB\)888_1X24/320x240'
	run --separate-stderr on_pi kvm-capture -f UYVY -n 1 -o -
	status_is 71
	[[ $stderr == *'VIDIOC_STREAMON: Broken pipe'* ]]
}

@test "signal lost and found with another resolution" {
	exec_on_device dev kvm-capture >out 2>err 3>&- &
	pid=$!
	eventually says live
	graph 'signal none'
	eventually says no-signal
	: >out
	graph 'signal 640x480@30'
	eventually says live
	stop $pid
	[ "$(on_pi kvm-capture -n 1 | size_of -)" = 640x480 ]
}

@test "--list: the bridge's node comes first and tells its signal; auto prefers it to a dongle" {
	printf '%s\n' 'card Dongle' 'bus usb-1' 'mode YUYV 1920x1080 30' >dev/video9
	run on_pi kvm-capture --list
	[[ $output == /dev/video0*'signal: 320x240 at 30 Hz'* ]]
	[ "$(on_pi kvm-capture -n 1 | size_of -)" = 320x240 ]
	rm dev/media0 # no bridge: the port comes last
	run on_pi kvm-capture --list
	[[ $output == /dev/video9* ]]
}
