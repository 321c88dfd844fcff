#!/usr/bin/env bats
# kvm-doctor on healthy and on faulty machines. Our own tools are the real ones, on simulated devices;
# stand-ins replace systemd, curl and the Pi's firmware.
load common
load ../cli/sysfs

setup() {
	play_sysfs
	export KVM_ETC=$T/etc
	mkdir -p "$T/bin" "$T/dev" "$T/root/sys/class/hwmon/hwmon0" \
		"$T/root/run/systemd/system" "$T/etc"
	PATH=$T/bin:$PATH
	stub kvm-capture "LD_PRELOAD='$SRC/build/release/libfakev4l2.so' FAKE_V4L2='$T/dev' exec '$BIN/kvm-capture' \"\$@\""
	dongle
	stub kvm-otg-check "exec '$SRC/scripts/kvm-otg-check'"
	with_gadget
	stub systemctl 'case "$3 $4" in
		"ActiveState kvm@target.service") echo active ;;
		"UnitFileState kvm@target.service") echo enabled ;;
		"ActiveState kvm@target.socket") cat "'"$T"'/socket" ;;
		"StatusText kvm@target.service") cat "'"$T"'/status" ;;
		"NRestarts kvm@target.service") echo 0 ;;
	esac'
	stub stat 'case "$*" in *passwords*) cat "'"$T"'/mode" ;; *%G*%a*) echo "kvm-hid 660" ;; *) echo video ;; esac'
	stub curl 'echo "$@" >>"'"$T"'/asked"; printf %s "$(cat "'"$T"'/code")"'
	stub vcgencmd 'echo throttled=0x0'
	echo 'live 1920x1080, 30 frames a second, 1 viewers' >"$T/status"
	echo 401 >"$T/code"
	echo inactive >"$T/socket"
	echo 'root:kvmpi 640' >"$T/mode"
	cp "$SRC/scripts/systemd/target.conf" "$T/etc/target.conf"
	echo admin:x:control >"$T/etc/passwords"
	echo rpi_volt >"$T/root/sys/class/hwmon/hwmon0/name"
	echo 0 >"$T/root/sys/class/hwmon/hwmon0/in0_lcrit_alarm"
}
dongle() { printf '%s\n' 'card MS2109' 'mode MJPG 1920x1080 30' >"$T/dev/video0"; }
with_gadget() {
	controller fe980000.usb dwc2 configured
	echo full-speed >"$udcs/fe980000.usb/current_speed"
	hid_gadget fe980000.usb
}
without_controller() { rm -r "$udcs" "$gadgets"; }
stub() {
	printf '#!/bin/sh\n%s\n' "$2" >"$T/bin/$1"
	chmod +x "$T/bin/$1"
}
# sick WHAT CURE: checks that exactly one line is WRONG, that it says WHAT, and its cure says CURE.
sick() {
	run "$SRC/scripts/kvm-doctor"
	status_is 1
	[ "$(grep -c ^WRONG <<<"$output")" -eq 1 ] || { echo "$output"; return 1; }
	[[ $output == *"WRONG  $1"*"cure: "*"$2"* ]] || { echo "$output"; return 1; }
}

@test "all well: 0, and a line for each link of the chain" {
	run --separate-stderr "$SRC/scripts/kvm-doctor"
	status_is 0
	[ -z "$stderr" ]
	for link in power capture usb target passwords; do
		grep -q "^ok     $link " <<<"$output"
	done
	[[ $output == *$'\nok     capture    /dev/video0'*MS2109* ]]
	[[ $output == *$'\nnote   usb        the host runs the gadget at full speed, 12 Mbit/s\n                  cure: '*'shorter cable'* ]]
	[[ $output != *WRONG* ]]
}

@test "each fault alone is found, and its cure named" {
	echo 1 >"$T/root/sys/class/hwmon/hwmon0/in0_lcrit_alarm" && sick power '5.1 V'
	echo 0 >"$T/root/sys/class/hwmon/hwmon0/in0_lcrit_alarm"
	stub vcgencmd 'echo throttled=0x50004' && sick heat fan
	stub vcgencmd 'echo throttled=0x50000'
	rm "$T/dev/video0" && sick 'capture    no capture device found' dongle
	[[ $output != *'ok     capture'* ]]
	dongle
	without_controller
	sick 'usb        there is no USB device controller' 'PCs hardly ever'
	board 'Raspberry Pi 4 Model B Rev 1.4' arm_boost=1
	sick 'usb        no dtoverlay=dwc2' 'sudo kvm-boot-config add, then reboot'
	board 'Raspberry Pi 4 Model B Rev 1.4' '[pi4]' 'dtoverlay=dwc2,dr_mode=peripheral'
	sick 'usb        dtoverlay=dwc2 is set, but' reboot
	with_gadget
	for state in no-signal no-device stalled none; do
		echo "$state 0x0" >"$T/status" && sick target ''
	done
	echo 'live 1x1' >"$T/status"
	echo 000 >"$T/code" && sick target 'systemctl status kvm@target'
	echo 401 >"$T/code"
	echo 'root:root 644' >"$T/mode" && sick passwords chmod
	echo 'root:kvmpi 640' >"$T/mode"
	rm "$T/etc/passwords" && sick passwords 'kvm-password set'
}

@test "a vcgencmd that does not know hides nothing else" {
	for answer in 'echo error=1 error_msg=\"Command not registered\"' 'exit 1'; do
		stub vcgencmd "$answer"
		run --separate-stderr "$SRC/scripts/kvm-doctor"
		status_is 0
		[[ -z $stderr && $output == *'ok     passwords'* && $output != *heat* ]]
	done
}

@test "a server that is open to the network says so" {
	echo 'SERVE=kvm-mjpeg-httpd -l 0.0.0.0:8080 --passwords /etc/kvm/passwords' >"$T/etc/target.conf"
	sick target tls-cert
	echo 'SERVE=kvm-mjpeg-httpd -l [::]:8443 --tls-cert c --tls-key k' >"$T/etc/target.conf"
	sick target '--passwords'
	for listen in -l0.0.0.0:8080 --listen=0.0.0.0:8080; do
		echo "SERVE=kvm-mjpeg-httpd $listen --passwords=p" >"$T/etc/target.conf"
		sick 'target     0.0.0.0:8080 is open to the network without TLS' tls-cert
		well "SERVE=kvm-mjpeg-httpd $listen --passwords=p --tls-cert=c --tls-key=k"
		[[ $(cat "$T/asked") == *https://127.0.0.1:8080/ ]]
	done
}

# well LINE...: checks that nothing is WRONG with these lines of target.conf.
well() {
	printf '%s\n' "$@" >"$T/etc/target.conf"
	rm -f "$T/asked"
	run "$SRC/scripts/kvm-doctor"
	status_is 0
}

@test "the address that is listened on is the one that is asked" {
	capture='CAPTURE=kvm-capture -o -' serve='SERVE=kvm-mjpeg-httpd --passwords p --tls-cert c --tls-key k'
	well "$capture" "$serve -l 192.0.2.2:18090 -l [::1]:18091 -l 0.0.0.0:1 --listen [::]:2"
	[ "$(grep -o 'https://.*' "$T/asked" | xargs)" = 'https://192.0.2.2:18090/ https://[::1]:18091/ https://127.0.0.1:1/ https://[::1]:2/' ]
	stub id 'echo 0'
	echo active >"$T/socket"
	well "$capture" 'SERVE=kvm-mjpeg-httpd --passwords p'
	[ "$(grep -o -- '--unix.*' "$T/asked")" = '--unix-socket /run/kvm/target.sock http://localhost/' ]
	echo 000 >"$T/code" && sick 'target     nothing answers at /run/kvm/target.sock' 'systemctl status'
}

@test "what no target of this machine uses is not missed" {
	rm "$T/dev/video0"
	without_controller
	serve='SERVE=kvm-mjpeg-httpd --passwords p'
	well 'CAPTURE=curl -fsSN --netrc https://pi1/stream' "$serve" 'TYPE=cat'
	well 'CAPTURE=kvm-capture-lkv373a' "$serve" 'TYPE=ssh -o BatchMode=yes pi2 kvm-type -a'
	well 'CAPTURE=ssh pi2 kvm-capture -o -' "$serve" 'TYPE=cat'
	printf '%s\n' 'CAPTURE="/usr/local/bin/kvm-capture -o -"' "$serve" TYPE=cat >"$T/etc/target.conf"
	sick capture dongle
	printf '%s\n' CAPTURE=cat "$serve" 'TYPE=kvm-type -a' >"$T/etc/target.conf"
	run "$SRC/scripts/kvm-doctor"
	status_is 1
	[[ $output == *'WRONG  usb        there is no USB device controller'* && $output != *'  capture '* ]]
}

@test "a stopped service is found" {
	stub systemctl 'case "$3 $4" in
		"ActiveState kvm@target.service") echo failed ;;
		"UnitFileState kvm@target.service") echo enabled ;;
	esac'
	sick target 'systemctl start kvm@target'
}

@test "on any machine it ends with 0 or 1, and says only its lines" {
	unset KVM_SYSFS_ROOT KVM_ETC
	PATH=${PATH#"$T/bin:"} run "$SRC/scripts/kvm-doctor"
	[ "$status" -le 1 ]
	[ -z "$(grep -vE '^(ok|note|WRONG)  |^ +cure: ' <<<"$output")" ] || { echo "$output"; false; }
	run --separate-stderr "$SRC/scripts/kvm-doctor" --no-such
	status_is 64
}
