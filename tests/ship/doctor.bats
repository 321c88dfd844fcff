#!/usr/bin/env bats
# kvm-doctor against machines that are well and machines that are not, played by stand-ins.
load common

setup() {
	export KVM_SYSFS_ROOT=$T/root KVM_ETC=$T/etc
	mkdir -p "$T/bin" "$T/root/sys/class/udc/fe980000.usb" "$T/root/sys/class/hwmon/hwmon0" \
		"$T/root/run/systemd/system" "$T/etc"
	PATH=$T/bin:$PATH
	stub kvm-boot-config 'echo "/boot/firmware/config.txt: device port"'
	stub kvm-capture 'echo "/dev/video0 MS2109 MJPG 1920x1080 30"'
	stub kvm-gadget-setup 'echo configured'
	stub systemctl 'case "$3 $4" in
		"ActiveState kvm@target.service") echo active ;;
		"UnitFileState kvm@target.service") echo enabled ;;
		"StatusText kvm@target.service") cat "'"$T"'/status" ;;
		"NRestarts kvm@target.service") echo 0 ;;
	esac'
	stub stat 'case "$*" in *passwords*) cat "'"$T"'/mode" ;; *%G*%a*) echo "kvm-hid 660" ;; *) echo video ;; esac'
	stub curl 'printf %s "$(cat "'"$T"'/code")"'
	stub vcgencmd 'echo throttled=0x0'
	echo 'live 1920x1080, 30 frames a second, 1 viewers' >"$T/status"
	echo 401 >"$T/code"
	echo 'root:kvmpi 640' >"$T/mode"
	cp "$SRC/scripts/systemd/target.conf" "$T/etc/target.conf"
	echo admin:x:control >"$T/etc/passwords"
	echo rpi_volt >"$T/root/sys/class/hwmon/hwmon0/name"
	echo 0 >"$T/root/sys/class/hwmon/hwmon0/in0_lcrit_alarm"
}
stub() {
	printf '#!/bin/sh\n%s\n' "$2" >"$T/bin/$1"
	chmod +x "$T/bin/$1"
}
# sick WHAT CURE: one thing is WRONG, it is this, and the cure is said.
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
	for link in boot power capture gadget host target passwords; do
		grep -q "^ok     $link " <<<"$output"
	done
	[[ $output != *WRONG* ]]
}

@test "each fault alone is found, and its cure named" {
	stub kvm-boot-config 'echo no; exit 1' && sick boot 'kvm-boot-config add'
	stub kvm-boot-config 'echo yes'
	echo 1 >"$T/root/sys/class/hwmon/hwmon0/in0_lcrit_alarm" && sick power '5.1 V'
	echo 0 >"$T/root/sys/class/hwmon/hwmon0/in0_lcrit_alarm"
	stub vcgencmd 'echo throttled=0x50004' && sick heat fan
	stub vcgencmd 'echo throttled=0x50000'
	stub kvm-capture 'exit 66' && sick capture dongle
	stub kvm-capture 'echo /dev/video0'
	stub kvm-gadget-setup 'echo no host; exit 1' && sick host 'data cable'
	stub kvm-gadget-setup 'echo no gadget; exit 71' && sick gadget kvm-gadget
	stub kvm-gadget-setup ''
	for state in no-signal no-device stalled none; do
		echo "$state 0x0" >"$T/status" && sick target ''
	done
	echo 'live 1x1' >"$T/status"
	echo 000 >"$T/code" && sick target 'systemctl status kvm@target'
	echo 401 >"$T/code"
	echo 'root:root 644' >"$T/mode" && sick passwords chmod
	echo 'root:kvmpi 640' >"$T/mode"
	rm "$T/etc/passwords" && sick passwords 'kvm-password set'
	echo admin:x:control >"$T/etc/passwords"
	rmdir "$T/root/sys/class/udc/fe980000.usb" && sick gadget reboot
}

@test "a server that is open to the network says so" {
	echo 'SERVE=kvm-mjpeg-httpd -l 0.0.0.0:8080 --passwords /etc/kvm/passwords' >"$T/etc/target.conf"
	sick target tls-cert
	echo 'SERVE=kvm-mjpeg-httpd -l [::]:8443 --tls-cert c --tls-key k' >"$T/etc/target.conf"
	sick target '--passwords'
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
