#!/bin/sh
# For every format that vivid offers, in both APIs, the colour bars come back, or the format is
# refused with one line. They also come back in every encoding and range that vivid claims to use.
shoot() { kvm-capture -d /dev/video0 -s 320x180 -n 1 --timeout 300 -o /tmp/frame.jpg "$@"; }
# bars FORMAT [WHAT]
bars() {
	shoot -f "$1"
	expect "$(pictures bars /tmp/frame.jpg 191 5)" '' "colour bars in $*"
}
# claims FORMAT...: full and limited range, BT.601 and BT.709.
claims() {
	for format; do
		for quantization in 1 2; do
			for encoding in 1 2; do
				v4l2-ctl -d /dev/video0 -c quantization=$quantization,y_cbcr_encoding=$encoding
				bars "$format" "quantization $quantization, encoding $encoding"
			done
		done
	done
}
# api NUMBER: 1 is single-planar, 2 multi-planar.
api() {
	vivid_up node_types=0x1 multiplanar="$1"
	v4l2-ctl -d /dev/video0 -c osd_text_mode=2 >/dev/null
}

api 1
for format in YUYV UYVY YVYU VYUY YU12 YV12 NV12 NV21 NV16 NV61 NV24 NV42 \
	RGB3 BGR3 RGB4 BGR4 BX24 XR24 BA24 AR24 XB24 RX24 AB24 RA24 RGBP; do
	bars $format
done
shoot -f GREY
expect "$(pictures at /tmp/frame.jpg 20 90 300 90)" '190,190,190
0,0,0' 'white and black in GREY'
fails_with 78 shoot -f RGGB
claims YUYV NV12 NV24 RGB3
rmmod vivid

api 2
for format in YUYV NV12 YU12 NV24 BGR3 NM12 NM21 NM16 NM61 YM12 YM21; do bars $format multi-planar; done
claims NM12
