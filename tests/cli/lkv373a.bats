#!/usr/bin/env bats
# ffmpeg simulates the extender on loopback: H.264 in MPEG-TS over UDP, unicast and multicast.
load common

setup() {
	PATH=$BATS_TEST_DIRNAME/../../scripts:$PATH
	# Derived from the process ID, so that simultaneous tests use different ports; below the ports
	# that the kernel assigns.
	port=$((10000 + $$ % 20000))
}
teardown() { sweep; }

# sends URL: sends red pictures with a key frame each half second, as the extender does.
sends() {
	ffmpeg -nostdin -v error -re -f lavfi -i color=red:s=640x360:r=30 -c:v libx264 -preset ultrafast \
		-tune zerolatency -g 15 -f mpegts "$1" 3>&- &
	sender=$!
}

# receives COMMAND...: checks that the third frame that the command writes is a whole red picture.
receives() {
	"$@" >"$BATS_TEST_TMPDIR/frames" 2>"$BATS_TEST_TMPDIR/said" 3>&- &
	local receiver=$!
	eventually eval '(($(stat -c %s "$BATS_TEST_TMPDIR/frames") > 20000))' || { cat "$BATS_TEST_TMPDIR/said"; false; }
	kill -KILL $sender
	ends_with 137 $sender
	stop $receiver # even though no packet comes any more
	pixel=$(ffmpeg -v error -f mjpeg -i "$BATS_TEST_TMPDIR/frames" -vf "select=eq(n\,2),scale=1:1" \
		-frames:v 1 -pix_fmt rgb24 -f rawvideo - | od -An -tu1)
	read -r red green blue <<<"$pixel"
	echo "pixel: $pixel"
	((red > 200 && green < 60 && blue < 60))
}

@test "unicast: MPEG-TS becomes frames" {
	sends "udp://127.0.0.1:$port?pkt_size=1316"
	receives kvm-capture-lkv373a 127.0.0.1:$port
}

@test "multicast: joined on the interface that is named" {
	sends "udp://239.255.42.42:$port?pkt_size=1316&localaddr=127.0.0.1"
	receives kvm-capture-lkv373a -i lo 239.255.42.42:$port
}

@test "a wrong interface, option or quality is said" {
	run --separate-stderr kvm-capture-lkv373a -i nowhere0
	status_is 66 && one_line kvm-capture-lkv373a
	run --separate-stderr kvm-capture-lkv373a --no-such
	status_is 64 && one_line kvm-capture-lkv373a
	for quality in best 0 32 99; do
		run --separate-stderr kvm-capture-lkv373a -q $quality
		status_is 64 && one_line kvm-capture-lkv373a
	done
}

@test "a reader that goes away ends it in silence" {
	sends "udp://127.0.0.1:$port?pkt_size=1316"
	# shellcheck disable=SC2016  # expanded by the inner shell
	run --separate-stderr bash -c 'kvm-capture-lkv373a "$1" | head -c 1000 >/dev/null
		exit "${PIPESTATUS[0]}"' - "127.0.0.1:$port"
	status_is 141
	[ -z "$stderr" ] || { echo "$stderr"; false; }
}
