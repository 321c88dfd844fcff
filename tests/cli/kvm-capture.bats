#!/usr/bin/env bats
# kvm-capture with the built-in picture and with simulated devices (tests/v4l2/README.md).
load common

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir dev
}
teardown() { sweep; }

# raw_device FOURCC PIXFMT [LINE...]: /dev/video0 shows moving colour bars, 320x240 at 30 Hz.
raw_device() {
	ffmpeg -v error -f lavfi -i testsrc2=s=320x240:r=30 -frames:v 15 -pix_fmt "$2" -f rawvideo -y dev/raw
	{
		printf '%s\n' 'card Fake dongle' "mode $1 320x240 30" 'frames raw'
		printf '%s\n' "${@:3}"
	} >dev/new
	mv dev/new dev/video0 # a program may be waiting for it
}
jpeg_device() {
	ffmpeg -v error -f lavfi -i testsrc2=s=320x240:r=30 -frames:v 15 -pix_fmt yuvj420p -f mjpeg -y dev/jpegs
	{
		printf '%s\n' 'card Fake dongle' 'mode MJPG 320x240 30' 'frames jpegs'
		printf '%s\n' "$@"
	} >dev/video0
}
# faulty [LINE...]: gives the device these faults and no others. The file with its pictures is not
# rewritten, because the simulation has mapped it.
faulty() {
	{ grep -vE '^(fault|every) ' dev/video0; printf '%s\n' "$@"; } >dev/new
	mv dev/new dev/video0
}
# recovers: checks that the stream says "stalled" while the device is faulty, and "live" after it.
recovers() {
	exec_on_device dev kvm-capture >out 2>err 3>&- &
	pid=$!
	eventually says stalled
	: >out
	faulty
	eventually says live
	stop $pid
}
# edit LINE...: replaces the description of the device while it is in use.
edit() {
	printf '%s\n' "$@" >dev/new
	mv dev/new dev/video0
}
# watch_device [OPTION...]: runs kvm-capture into `out` and `err` until `stop $pid`; returns after its
# first frame.
watch_device() {
	exec_on_device dev kvm-capture "$@" >out 2>err 3>&- &
	pid=$!
	eventually says live
}
frames_in() { ffprobe -v error -f mjpeg -count_packets -show_entries stream=nb_read_packets -of csv=p=0 "$1"; }
times_in() { grep -aoE 'kvm t=[0-9]+' | cut -d= -f2; }
size_of() { ffprobe -v error -f mjpeg -show_entries stream=width,height -of csv=p=0:s=x "$1"; }
says() { grep -aq "s=$1" "${2:-out}"; }

@test "a test picture is a JPEG image that carries its facts" {
	kvm-capture -d test -n 1 >one.jpg
	[ "$(size_of one.jpg)" = 1280x720 ]
	head -c 100 one.jpg | grep -aqE 'kvm t=[0-9]{16} n=[0-9]+ s=live'
	# Programs that look at the first bytes take the file for JPEG.
	[ "$(python3 -c 'from email.mime.image import MIMEImage
print(MIMEImage(open("one.jpg", "rb").read()).get_content_type())')" = image/jpeg ]
	kvm-capture -d test -s 641x35 -n 3 -o - >three
	[ "$(frames_in three)" -eq 3 ]
	[ "$(size_of three)" = 641x35 ]
}

@test "without room for more threads it goes on or says so, and does not hang" {
	[[ $BIN != */asan/* ]] || room=unlimited # ASan needs more address space than this
	run --separate-stderr bash -c "ulimit -v ${room-300000}; exec timeout -k 1 20 kvm-capture -d test -n 3 --threads 64 -o three.mjpeg"
	[ "$status" -eq 0 ] || { status_is 71 && one_line kvm-capture; }
}

@test "wrong arguments are usage errors that name them" {
	for wrong in '-s 640' '-s 0x0' '-s 640x480x3' '-r fast' '-r 0' '-r 1/0' '-d test:nothing' '-f toolong' \
		'-d test -f toolong' '-d test --control brightness' '--control brightness' '-q 0' '-q 101' '--subsampling 411' '-n 0' '-n -1' '--every 0' '--every nan' '--timeout nan' '--json' '-r 5 --every 3'; do
		# shellcheck disable=SC2086  # split into words
		run --separate-stderr kvm-capture -o - $wrong
		status_is 64 || { echo "$wrong"; false; }
		one_line kvm-capture
	done
	run --separate-stderr kvm-capture -d test -n 1 -o ''
	status_is 64
	one_line kvm-capture
}

@test "what is no capture device is said to be none" {
	for path in /etc/passwd /dev/null /; do
		run --separate-stderr kvm-capture -d $path -n 1 -o -
		status_is 66
		one_line kvm-capture
		[[ $stderr == *"$path: not a video capture device"* ]]
	done
	run --separate-stderr kvm-capture -d usb-No_Such_Dongle -n 1 -o -
	status_is 66
	run --separate-stderr on_device dev kvm-capture -n 1 -o -
	status_is 66
	[[ $stderr == *"no capture device found"* ]]
}

@test "a busy device: 75 and what to try" {
	raw_device YUYV yuyv422 busy
	run --separate-stderr on_device dev kvm-capture -d /dev/video0 -n 1 -o -
	status_is 75
	one_line kvm-capture
	[[ $stderr == */dev/video0*fuser* ]]
}

@test "frames are not written to a terminal unless -o - says so" {
	run script -qec 'kvm-capture -d test -n 1' /dev/null
	status_is 64
	[[ $output == *terminal* ]]
	script -qec 'kvm-capture -d test -s 64x64 -n 1 -o -' /dev/null | grep -aq JFIF
}

@test "raw formats become frames of the right size" {
	for format in YUYV:yuyv422 UYVY:uyvy422 NV12:nv12 NV21:nv21 YU12:yuv420p RGB3:rgb24 BGR3:bgr24 \
		XR24:bgr0 GREY:gray; do
		raw_device "${format%:*}" "${format#*:}"
		on_device dev kvm-capture -n 2 >out || { echo "$format"; false; }
		[ "$(frames_in out)" -eq 2 ]
		[ "$(size_of out)" = 320x240 ]
	done
}

# picture: prints the checksum of the pixels of a frame.
picture() { on_device dev kvm-capture -n 1 | ffmpeg -v error -f mjpeg -i - -f md5 -; }

@test "the multi-planar API and padded lines give the same picture" {
	# Columns: format, ffmpeg's name of it, padded bytes a line, planes as LINESxBYTES.
	while read -r -u 9 format pixels stride planes; do
		raw_device "$format" "$pixels"
		# shellcheck disable=SC2086  # split into words
		"$BATS_TEST_DIRNAME/capture/pad_lines" $stride $planes
		want=$(picture)
		for api in '' mplane; do
			edit "mode $format 320x240 30" 'frames raw' $api
			[ "$(picture)" = "$want" ] || { echo "$format $api"; false; }
			edit "mode $format 320x240 30" 'frames padded' "stride $stride" $api
			[ "$(picture)" = "$want" ] || { echo "$format $api padded"; false; }
		done
	done 9<<-END
		YUYV yuyv422 704 240x640
		NV12 nv12 384 240x320 120x320
		YU12 yuv420p 384 240x320 120x160 120x160
		RGB3 rgb24 1088 240x960
	END
}

@test "MJPEG passes through: padded frames whole, spoilt ones not at all" {
	jpeg_device
	on_device dev kvm-capture -n 10 --all-frames >out
	[ "$(frames_in out)" -eq 10 ]
	for padding in 7 100000; do
		jpeg_device "fault pad $padding"
		on_device dev kvm-capture -n 10 --all-frames >out
		[ "$(frames_in out)" -eq 10 ]
		ffmpeg -v error -xerror -f mjpeg -i out -f null -
	done
	for fault in truncate zero error; do
		jpeg_device "fault $fault" "every 3"
		on_device dev kvm-capture -n 10 >out
		[ "$(frames_in out)" -eq 10 ]
		ffmpeg -v error -xerror -f mjpeg -i out -f null -
	done
}

@test "--retile: tiles, and not a pixel is another" {
	jpeg_device
	ffmpeg -v error -i dev/jpegs -frames:v 1 -c copy -f mjpeg -y dev/one
	mv dev/one dev/jpegs
	on_device dev kvm-capture -n 1 >whole
	on_device dev kvm-capture -n 2 --retile --all-frames >tiled
	LC_ALL=C grep -c "$(printf '\xff\xdd')" tiled
	run ! env LC_ALL=C grep -q "$(printf '\xff\xdd')" whole
	for name in whole tiled; do
		ffmpeg -v error -xerror -f mjpeg -i $name -frames:v 1 -f rawvideo - >$name.raw
	done
	cmp whole.raw tiled.raw
	# With --retile, pictures that are damaged inside are dropped too.
	jpeg_device 'fault corrupt' 'every 3'
	on_device dev kvm-capture -n 10 --retile >out
	ffmpeg -v error -xerror -f mjpeg -i out -f null -
}

@test "EINTR is nobody's error" {
	raw_device YUYV yuyv422 'fault eintr' 'every 2'
	on_device dev kvm-capture -n 5 >out
	[ "$(frames_in out)" -eq 5 ]
}

@test "--list tells devices apart, for people and for programs" {
	raw_device YUYV yuyv422 'control brightness 10 0 255'
	printf '%s\n' 'card Other' 'mode MJPG 1920x1080 60 30' >dev/video3
	run on_device dev kvm-capture --list
	[[ $output == /dev/video3* ]]
	[[ $output == *'Fake dongle'*YUYV*320x240*30*brightness* ]]
	on_device dev kvm-capture --list --json >list
	json_is 0.path '"/dev/video3"' list
	json_is 0.formats.0.sizes.0.rates '[60,30]' list
	json_is 1.controls.0.name '"brightness"' list
	json_is 1.formats.0.usable true list
	run on_device dev kvm-capture --list -d video0
	[[ $output == /dev/video0* && $output != *video3* ]]
}

@test "--list tells what is on an HDMI cable, and such a device comes first" {
	raw_device YUYV yuyv422
	for signal in 1280x720@60 none; do
		printf '%s\n' "signal $signal" 'mode YUYV 1920x1080 60' >dev/video1
		on_device dev kvm-capture --list >"$signal"
		on_device dev kvm-capture --list --json >"$signal.json"
	done
	grep -qx '  signal: 1280x720 at 60 Hz' 1280x720@60
	grep -q '^  signal: none: ' none
	json_is 0.signal true 1280x720@60.json
	json_is 0.timings '{"width":1280,"height":720,"rate":60}' 1280x720@60.json
	json_is 1.path '"/dev/video0"' 1280x720@60.json
	json_is 1.timings null 1280x720@60.json
	json_is 0.signal false none.json
	json_is 0.timings null none.json
}

@test "a device is found by its name in /dev/v4l/by-id, which stays when numbers change" {
	raw_device YUYV yuyv422
	mv dev/video0 dev/video4
	mkdir -p dev/v4l/by-id
	ln -s ../../video4 dev/v4l/by-id/usb-Fake_Dongle-video-index0
	for name in usb-Fake_Dongle-video-index0 /dev/v4l/by-id/usb-Fake_Dongle-video-index0 video4 auto; do
		on_device dev kvm-capture -d $name -n 1 >one.jpg || { echo "$name"; false; }
		[ "$(size_of one.jpg)" = 320x240 ]
	done
}

@test "rates are fractions too" {
	for rate in 30000/1001 29.97 60/2; do
		kvm-capture -d test -s 64x64 -r $rate -n 5 --all-frames >out
		[ "$(frames_in out)" -eq 5 ]
	done
}

@test "-f and --control take what the device has and refuse the rest" {
	raw_device YUYV yuyv422 'control brightness 10 0 255'
	run --separate-stderr on_device dev kvm-capture -f NV12 -n 1 -o -
	status_is 78
	[[ $stderr == *NV12* ]]
	on_device dev kvm-capture -f YUYV --control brightness=20 -n 1 >out
	for wrong in brightness=256 brightness=much brightness=on nothing=1; do
		run --separate-stderr on_device dev kvm-capture --control $wrong -n 1 -o -
		status_is 64
		one_line kvm-capture
	done
}

@test "a name in .jpg holds the newest picture, another all of them" {
	kvm-capture -d test -n 3 -o last.jpg
	[ "$(frames_in last.jpg)" -eq 1 ]
	kvm-capture -d test -n 3 -o all.mjpeg
	[ "$(frames_in all.mjpeg)" -eq 3 ]
	kvm-capture -d test -n 1 -o '%Y-x.jpg'
	ls 20??-x.jpg
	[ "$(ls ./*.part 2>/dev/null)" = "" ]
	run --separate-stderr kvm-capture -d test -n 1 -o nowhere/a.jpg
	status_is 66
}

@test "a picture that does not change is repeated once a second" {
	ffmpeg -v error -f lavfi -i color=s=320x240 -frames:v 1 -pix_fmt yuyv422 -f rawvideo dev/raw
	printf '%s\n' 'mode YUYV 320x240 30' 'frames raw' >dev/video0
	began=${EPOCHREALTIME/./}
	on_device dev kvm-capture -n 4 >out
	((${EPOCHREALTIME/./} - began >= 3000000))
	[ "$(frames_in out)" -eq 4 ]
	on_device dev kvm-capture --all-frames -n 30 >out
	[ "$(frames_in out)" -eq 30 ]
}

@test "unplugged: said, and live again under another number" {
	raw_device YUYV yuyv422
	watch_device
	mv dev/video0 dev/gone
	eventually says no-device
	: >out
	mv dev/gone dev/video5
	eventually says live
	stop $pid
	# The loss is reported exactly once; on a busy machine the device may stall as well.
	[ "$(grep -c '^kvm-capture: auto: no-device: .*unplugged$' err)" -eq 1 ]
	grep -q '^kvm-capture: auto: live$' err
	run ! grep -v '^kvm-capture: auto: \(no-device: .*\|stalled: .*\|live\)$' err
}

@test "stalled: said, and live again" {
	raw_device YUYV yuyv422
	watch_device
	cp dev/video0 dev/good
	echo 'fault stall' >>dev/video0
	eventually says stalled
	: >out
	mv dev/good dev/video0
	eventually says live
	stop $pid
}

@test "HDMI: signal lost and found with another resolution, without a restart" {
	edit 'signal 640x480@30' 'mode YUYV 1920x1080 60'
	watch_device
	[ "$(head -c8 dev/edid-video0 | od -An -tx1 | tr -d ' ')" = 00ffffffffffff00 ]
	edit 'signal none' 'mode YUYV 1920x1080 60'
	eventually says no-signal
	: >out
	edit 'signal 800x600@30' 'mode YUYV 1920x1080 60'
	eventually says live
	stop $pid
	[ "$(on_device dev kvm-capture -n 1 | size_of -)" = 800x600 ]
}

@test "no signal: -n waits for a picture, then gives up with 75; a notice is no picture" {
	edit 'signal none' 'mode YUYV 1920x1080 60'
	run --separate-stderr on_device dev kvm-capture -n 1 --timeout 1 -o out
	status_is 75
	[[ $stderr == *"nothing comes over the cable"* ]]
	[ ! -e out ]
	run --separate-stderr on_device dev kvm-capture --exit-on-loss -o out
	status_is 75
}

@test "--exit-on-loss: one damaged picture of a slow device is no loss" {
	jpeg_device 'fault truncate' 'every 4'
	sed -i 's/^mode .*/mode MJPG 320x240 1/' dev/video0
	on_device dev kvm-capture --exit-on-loss --all-frames -n 5 | times_in >times
	[ "$(wc -l <times)" -eq 5 ]
}

@test "--exit-on-loss gives a target time to find its screen" {
	raw_device YUYV yuyv422
	mv dev/video0 dev/good
	printf '%s\n' 'mode YUYV 320x240 30' 'fault nosignal' >dev/video0
	exec_on_device dev kvm-capture --exit-on-loss -d video0 >out 2>err 3>&- &
	pid=$!
	eventually says no-signal
	mv dev/good dev/video0
	eventually says live
	rm dev/video0
	ends_with 66 $pid
}

@test "HDMI: a bridge with too few lanes for 1080p60 asks the target for 1080p50" {
	edit 'signal 1920x1080@60' 'mode UYVY 1920x1080 60' 'lanes 2'
	exec_on_device dev kvm-capture -d video0 >out 2>err 3>&- &
	pid=$!
	eventually says no-signal
	grep -q 'sends more than the capture device takes' err
	[ "$(od -An -tx1 -j54 -N4 dev/edid-video0)" = ' 02 3a 80 d0' ] # 148.5 MHz, 1920 and 720 blank
	edit 'signal 1920x1080@50' 'mode UYVY 1920x1080 60' 'lanes 2' # as the target then does
	eventually says live
	stop $pid
	# An EDID that the user gave stays.
	edit 'signal 1920x1080@60' 'mode UYVY 1920x1080 60' 'lanes 2'
	cp dev/edid-video0 mine
	run --separate-stderr on_device dev kvm-capture --edid mine --timeout 1 -n 1 -o -
	status_is 75
	[[ $stderr == *"choose a lower resolution or rate"* ]]
	cmp mine dev/edid-video0
}

@test "an EDID is checked before it is shown to the target" {
	edit 'signal 640x480@30' 'mode YUYV 1920x1080 60'
	head -c 200 /dev/zero >bad
	run --separate-stderr on_device dev kvm-capture --edid bad -n 1 -o -
	status_is 65
	one_line kvm-capture
	on_device dev kvm-capture -n 1 -o one.jpg
	cp dev/edid-video0 good
	od -An -v -tx1 good >good.hex
	rm dev/edid-video0
	on_device dev kvm-capture --edid good.hex -n 1 -o one.jpg
	cmp good dev/edid-video0
	raw_device YUYV yuyv422
	run --separate-stderr on_device dev kvm-capture --edid good -n 1 -o -
	[ "$status" -ne 0 ]
	[[ $stderr == *EDID* ]]
}

@test "--wait: a device that is not there yet is a picture that says so, then the screen" {
	exec_on_device dev kvm-capture -d /dev/video0 --wait -o - >out 2>err 3>&- &
	pid=$!
	eventually says no-device
	raw_device YUYV yuyv422
	eventually says live
	stop $pid
}

# dongle N SIZE PORT [LINE...]: makes /dev/videoN one of several devices of the same kind.
dongle() {
	printf '%s\n' 'card Twin' "bus usb-$3" "mode YUYV $2 30" "${@:4}" >dev/new
	mv dev/new "dev/video$1"
}

@test "unplugged: another dongle that was there all along is not taken for the one that is gone" {
	dongle 0 320x240 1.1
	dongle 2 640x480 1.2
	mkdir -p dev/v4l/by-id
	ln -s ../../video0 dev/v4l/by-id/usb-Twin_1-video-index0
	for name in usb-Twin_1-video-index0 video0; do
		watch_device -d $name
		mv dev/video0 dev/gone
		eventually says no-device
		: >out
		sleep 1 # time enough to open the wrong device
		mv dev/gone dev/video0
		eventually says live
		stop $pid
		[ "$(size_of out)" = 320x240 ] || { echo "$name"; false; }
		rm out
	done
}

@test "unplugged while it is asked for its formats: not taken for one that has none" {
	raw_device YUYV yuyv422
	cp dev/video0 dev/good
	echo 'fault vanish' >>dev/video0
	exec_on_device dev kvm-capture --wait -d video0 >out 2>err 3>&- &
	pid=$!
	eventually says no-device
	[ ! -e dev/video0 ]
	mv dev/good dev/video0
	eventually says live
	stop $pid
	grep -q 'no-device: the capture device was unplugged$' err
}

@test "unplugged: back without the format that was asked for is told and waited for" {
	raw_device YUYV yuyv422
	cp dev/video0 dev/good
	watch_device -d video0 -f YUYV
	rm dev/video0
	eventually says no-device
	printf '%s\n' 'card Fake' 'mode MJPG 320x240 30' >dev/video0
	eventually grep -q 'no-device: .*no YUYV format' err
	: >out
	mv dev/good dev/video0
	eventually says live
	stop $pid
}

@test "auto: the board's image processor shows nothing, and no other camera is taken for the screen" {
	dongle 14 640x480 platform 'card bcm2835-isp' 'fault stall'
	run --separate-stderr on_device dev kvm-capture -n 1 -o -
	status_is 66
	dongle 0 320x240 1.1
	dongle 1 640x480 1.3 'card Webcam' 'mode YUYV 160x120 30'
	printf '%s\n' 'card Webcam' 'bus usb-1.3' 'mode YUYV 160x120 30' >dev/video1
	watch_device
	mv dev/video0 dev/gone
	eventually says no-device
	: >out
	sleep 1
	mv dev/gone dev/video3
	eventually says live
	stop $pid
	[ "$(size_of out)" = 320x240 ]
}

@test "nothing but damaged pictures: -n gives up, and a reader is told" {
	jpeg_device 'fault truncate'
	run --separate-stderr on_device dev kvm-capture -n 1 --timeout 2 -o one.jpg
	status_is 75
	[[ $stderr == *'damaged: truncated'* ]]
	[ ! -e one.jpg ]
	recovers
}

@test "a device that gives errors instead of pictures: said, and live again" {
	raw_device YUYV yuyv422 'fault eio'
	run --separate-stderr on_device dev kvm-capture --exit-on-loss -o -
	status_is 75
	recovers
}

@test "an input that reports no signal is heeded while pictures go on" {
	raw_device YUYV yuyv422
	watch_device
	faulty 'fault nosignal'
	eventually says no-signal
	: >out
	faulty
	eventually says live
	stop $pid
}

@test "-o FIFO: waits for a reader, and still heeds signals" {
	mkfifo pipe
	kvm-capture -d test -s 64x64 -o pipe 2>err 3>&- &
	sleep 0.5
	stop $!
	kvm-capture -d test -s 64x64 -n 3 --all-frames -o pipe 2>err 3>&- &
	pid=$!
	cat pipe >out
	ends_with 0 $pid
	[ "$(frames_in out)" -eq 3 ]
}

@test "-o makes the folders that come of the pattern, and no others" {
	mkdir lapse
	kvm-capture -d test -s 64x64 -n 1 -o 'lapse/%Y/%m/one.jpg'
	[ "$(size_of lapse/20??/??/one.jpg)" = 64x64 ]
	run --separate-stderr kvm-capture -d test -s 64x64 -n 1 -o 'nowhere/%Y/one.jpg'
	status_is 66
	[ ! -e nowhere ]
}

@test "errors on an open device say what they mean there" {
	raw_device YUYV yuyv422 'fault nospace'
	run --separate-stderr on_device dev kvm-capture -n 1 -o -
	status_is 75
	[[ $stderr == *'USB bus'* ]]
	raw_device YUYV yuyv422
	on_device dev kvm-capture -f yuyv -n 1 >out
	echo 'xyz' >bad
	run --separate-stderr on_device dev kvm-capture --edid bad -n 1 -o -
	status_is 65
	[[ $stderr == *hexadecimal* && $stderr != *'0 bytes'* ]]
}

@test "--list and auto say that a device is not ours to open" {
	raw_device YUYV yuyv422
	chmod 000 dev/video0
	for command in '-n 1 -o -' --list; do
		# shellcheck disable=SC2086  # split into words
		run --separate-stderr on_device dev kvm-capture $command
		status_is 77 || { echo "$command"; false; }
		[[ $stderr == *'group video'* ]]
	done
	rm dev/video0
	run --separate-stderr on_device dev kvm-capture --list
	status_is 0
	[[ $stderr == *'no capture device'* ]]
}

# ---- what leaves, and what refuses ----

@test "EPIPE from a device is an error of the device, not a reader that left" {
	raw_device YUYV yuyv422 'fault epipe'
	run --separate-stderr on_device dev kvm-capture -d video0 -n 1 -o -
	status_is 71
	one_line kvm-capture
	[[ $stderr == *'/dev/video0: VIDIOC_STREAMON: Broken pipe'* ]]
}

@test "-o FIFO: a reader that leaves is told by the name of the FIFO; stdout's is not" {
	mkfifo pipe
	kvm-capture -d test -s 64x64 --all-frames -o pipe 2>err 3>&- &
	pid=$!
	head -c 100 pipe >/dev/null
	ends_with 74 $pid
	grep -q '^kvm-capture: pipe: Broken pipe (its reader has left)$' err
	mkfifo other
	exec 8<>other
	kvm-capture -d test -s 64x64 --all-frames 2>err >other 3>&- 8<&- &
	pid=$!
	head -c 100 other >/dev/null
	exec 8<&-
	ends_with 141 $pid
	[ ! -s err ]
}

@test "auto: a node that does not start is passed over, and told" {
	raw_device YUYV yuyv422
	printf '%s\n' 'card Dead' 'bus usb-9' 'mode YUYV 1920x1080 30' 'fault epipe' >dev/video7
	on_device dev kvm-capture -n 1 >one.jpg 2>err
	[ "$(size_of one.jpg)" = 320x240 ]
	grep -q 'took /dev/video0; could not start /dev/video7: VIDIOC_STREAMON: Broken pipe' err
	rm dev/video0
	cp dev/video7 dev/video8
	run --separate-stderr on_device dev kvm-capture -n 1 -o -
	status_is 71
	one_line kvm-capture
	[[ $stderr == *'could be started: /dev/video7: '*'; /dev/video8: '* ]]
}

@test "auto: a node for the media controller comes last, whatever its number and size" {
	raw_device YUYV yuyv422
	mv dev/video0 dev/video5
	printf '%s\n' mc 'card unicam' 'bus platform:fe801000.csi' 'mode UYVY 1920x1080 30' >dev/video0
	run on_device dev kvm-capture --list
	[[ $output == /dev/video5* ]]
	[ "$(on_device dev kvm-capture -n 1 2>err | size_of -)" = 320x240 ]
	[ ! -s err ]
}

@test "auto: a busy device has no substitute" {
	raw_device YUYV yuyv422
	printf '%s\n' 'card HDMI' 'bus usb-9' 'mode YUYV 1920x1080 30' busy >dev/video7
	run --separate-stderr on_device dev kvm-capture -n 1 -o -
	status_is 75
	[[ $stderr == */dev/video7* ]]
}

@test "two buffers are enough, and one" {
	for format in YUYV:yuyv422 NV12:nv12; do
		raw_device "${format%:*}" "${format#*:}"
		head -c $((320 * 240 * 2)) dev/raw >dev/one
		mv dev/one dev/raw
		want=$(picture)
		for number in 2 1; do
			echo "buffers $number" >>dev/video0
			[ "$(picture)" = "$want" ]
			on_device dev kvm-capture --all-frames -n 20 >out
			[ "$(frames_in out)" -eq 20 ]
		done
	done
}

@test "a bridge that refuses an EDID that nobody asked for is used; --edid is not ignored" {
	edit 'signal 640x480@30' 'mode YUYV 1920x1080 60' 'fault noedid' 'every 1000000'
	on_device dev kvm-capture -n 1 >one.jpg 2>err
	[ "$(size_of one.jpg)" = 640x480 ]
	grep -q 'VIDIOC_S_EDID.*Operation not permitted' err
	edit 'signal 640x480@30' 'mode YUYV 1920x1080 60'
	on_device dev kvm-capture -n 1 >one.jpg
	mv dev/edid-video0 mine
	edit 'signal 640x480@30' 'mode YUYV 1920x1080 60' 'fault noedid' 'every 1000000'
	run --separate-stderr on_device dev kvm-capture --edid mine -n 1 -o -
	status_is 77
	one_line kvm-capture
}

@test "a control that does not answer hides no other" {
	raw_device YUYV yuyv422 'control brightness 10 0 255' 'control contrast 1 0 9 broken' 'control hue 5 0 9'
	run on_device dev kvm-capture --list
	[[ $output == *brightness*hue* && $output != *contrast* ]]
	on_device dev kvm-capture --control hue=3 -n 1 >one.jpg
}

@test "pictures that the driver flags are told as that, and counted at once" {
	raw_device YUYV yuyv422 'fault error'
	run --separate-stderr on_device dev kvm-capture -n 1 --timeout 6 -v -o -
	status_is 75
	[[ $stderr == *'stalled: the driver flags all pictures as damaged'* ]]
	[[ $stderr =~ ', '[1-9][0-9]*' flawed' ]]
	[[ $stderr != *'delivers nothing'* ]]
}

@test "the first picture of a bridge may be torn and is left out; --skip leaves out more" {
	head -c $((320 * 240 * 2)) /dev/zero | tr '\0' '\200' >dev/grey # mid-grey, in YUYV
	settings=('signal 320x240@30' 'mode YUYV 320x240 30' 'frames grey')
	edit "${settings[@]}"
	want=$(picture)
	edit "${settings[@]}" 'fault torn'
	[ "$(picture)" = "$want" ]
	edit 'mode YUYV 320x240 30' 'frames grey' 'fault torn' # no bridge
	[ "$(picture)" != "$want" ]
	[ "$(on_device dev kvm-capture --skip 1 -n 1 | ffmpeg -v error -f mjpeg -i - -f md5 -)" = "$want" ]
	kvm-capture -d test -s 64x64 -n 1 --skip 5 >out
	[ "$(grep -aoE 'n=[0-9]+' out | cut -d= -f2)" -ge 5 ]
}

@test "--list: timings of 0x0 are no signal" {
	edit 'signal none' 'mode YUYV 1920x1080 60' 'fault notimings'
	run on_device dev kvm-capture --list
	[[ $output == *'signal: none: '* && $output != *0x0* ]]
	on_device dev kvm-capture --list --json >list
	json_is 0.timings null list
	json_is 0.signal false list
}

# four_in_a_row: the last four frames all show the screen, and no notice came between them.
four_in_a_row() { [ "$(grep -aoE 's=[a-z-]+' out | tail -n 4 | sort | uniq -c | tr -s ' ')" = ' 4 s=live' ]; }

@test "a device slower than it says is live, once its interval is known" {
	raw_device YUYV yuyv422 'slow 1'
	exec_on_device dev kvm-capture --all-frames >out 2>err 3>&- &
	pid=$!
	eventually four_in_a_row
	stop $pid
}
