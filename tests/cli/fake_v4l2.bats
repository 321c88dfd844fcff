#!/usr/bin/env bats
# Other authors' programs accept the simulated V4L2 device (tests/v4l2), so it is fit for tests.
load common

setup() {
	dev=$BATS_TEST_TMPDIR/dev
	mkdir "$dev"
	ffmpeg -v error -f lavfi -i testsrc2=s=320x240:r=30 -frames:v 15 -pix_fmt yuyv422 -f rawvideo "$dev/raw"
	printf '%s\n' 'card Fake dongle' 'mode YUYV 320x240 30 15' 'control brightness 10 0 255' 'frames raw' >"$dev/video0"
}

teardown() { sweep; }

@test "v4l2-ctl lists it and streams from it" {
	run on_device "$dev" v4l2-ctl --list-devices
	[[ $output == *"Fake dongle"*/dev/video0* ]]
	run on_device "$dev" v4l2-ctl -d0 --list-formats-ext
	[[ $output == *YUYV*320x240*15.000* ]]
	on_device "$dev" v4l2-ctl -d0 --stream-mmap --stream-count=5 --stream-to="$BATS_TEST_TMPDIR/out"
	cmp -n 153600 "$BATS_TEST_TMPDIR/out" "$dev/raw"
}

@test "ffmpeg reads its frames byte for byte" {
	on_device "$dev" ffmpeg -v error -f v4l2 -i /dev/video0 -frames:v 10 -f rawvideo "$BATS_TEST_TMPDIR/out"
	# Frames may be dropped under load; every frame that came must be in the file.
	split -b 153600 -d "$dev/raw" "$BATS_TEST_TMPDIR/in."
	split -b 153600 -d "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/got."
	known=$(cat "$BATS_TEST_TMPDIR"/in.* | split -b 153600 --filter=md5sum | sort -u)
	for frame in "$BATS_TEST_TMPDIR"/got.*; do
		[[ $known == *$(md5sum <"$frame" | cut -d' ' -f1)* ]]
	done
}

@test "ustreamer streams from it, sees it unplugged and finds it again" {
	cd "$BATS_TEST_TMPDIR"
	exec_on_device "$dev" ustreamer -d /dev/video0 -r 320x240 --unix us.sock 2>us.log 3>&- &
	pid=$!
	online() { curl -s --unix-socket us.sock http://x/state | grep -q "\"online\": $1"; }
	eventually online true
	mv "$dev/video0" "$dev/unplugged"
	eventually online false
	mv "$dev/unplugged" "$dev/video0"
	eventually online true
	stop $pid 0
}

@test "an HDMI bridge has DV timings and keeps an EDID" {
	printf '%s\n' 'signal 1280x720@60' 'mode UYVY 1920x1080 60' >"$dev/video1"
	run on_device "$dev" v4l2-ctl -d1 --query-dv-timings
	[[ $output == *"Active width: 1280"* ]]
	on_device "$dev" v4l2-ctl -d1 --set-edid=type=hdmi
	[ "$(head -c8 "$dev/edid-video1" | od -An -tx1 | tr -d ' ')" = 00ffffffffffff00 ]
	echo 'signal none' >>"$dev/video1"
	run on_device "$dev" v4l2-ctl -d1 --query-dv-timings
	[[ $output == *"Link has been severed"* ]]
}
