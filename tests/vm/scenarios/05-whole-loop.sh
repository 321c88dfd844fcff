#!/bin/sh
# The whole loop: the console is the target's screen, looped into the capture device; a viewer of
# the served page types, and what the shell answers is on the console and on the viewer's picture.
gadget_up
hdmi_up
on_console env PS1='target# ' sh -i
wait_for on_screen 'target#'

spawn sh -c 'kvm-capture -d /dev/video0 -f YUYV | kvm-mjpeg-httpd -l 127.0.0.1:0 2>/tmp/httpd | kvm-type -a'
wait_for grep -q 127.0.0.1: /tmp/httpd
port=$(sed -n 's/.*127.0.0.1:\([0-9]*\).*/\1/p' /tmp/httpd | head -n 1)
mkfifo /tmp/viewer
at_exit 'rm /tmp/viewer'
exec 9<>/tmp/viewer
spawn ws "$port" </tmp/viewer >/tmp/seen

# seen_as FILE: saves the viewer's picture; checks that it is the target's, but for JPEG's loss.
seen_as() {
	rm -f "$1"
	echo "save $1" >&9
	wait_for test -s "$1"
	difference=$(pictures diff "$1" /dev/fb0)
	[ "${difference%.*}" -lt 2 ]
}
wait_for grep -q '^picture ' /tmp/seen
wait_for seen_as /tmp/before.ppm

# The shell turns the screen white and prints a product, which proves that the text is no mere echo.
cat >&9 <<'LINES'
type printf "\033[30;47m\033[2J\033[HLOOP %d\n" $((6*7))
key enter
LINES
wait_for on_screen 'LOOP 42'
wait_for seen_as /tmp/after.ppm
changed=$(pictures diff /tmp/before.ppm /tmp/after.ppm)
[ "${changed%.*}" -gt 100 ] || fail "the picture changed by $changed only"
echo "the picture changed by $changed; the viewer's and the target's differ by $difference"
