#!/usr/bin/env bats
# kvm-gadget-setup and kvm-otg-check on a /sys of plain files: everything that needs no kernel. The
# rest is in tests/vm.
load common
load sysfs

setup() { play_sysfs; }
teardown() { sweep; }

refused() { # refused STATUS TEXT COMMAND...
	local wanted=$1 text=$2
	shift 2
	run --separate-stderr "$@"
	status_is "$wanted" && one_line kvm-gadget-setup && [[ $stderr == *"$text"* ]] ||
		{ echo "$stderr" && return 1; }
}

@test "without configfs: 66 and what the kernel lacks" {
	refused 66 CONFIG_CONFIGFS_FS kvm-gadget-setup up
}

@test "without a controller: 69 and the cure" {
	mkdir -p "$gadgets"
	refused 69 dtoverlay=dwc2 kvm-gadget-setup up
	refused 69 kvm-otg-check kvm-gadget-setup plan
	[ -z "$(ls "$gadgets")" ]
}

@test "not root: 77" {
	place=$(mktemp -d) && chmod 755 "$place"
	cp "$BIN/kvm-gadget-setup" "$place/" && chmod 755 "$place/kvm-gadget-setup"
	drop=
	[ "$(id -u)" -ne 0 ] || drop='setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all'
	# shellcheck disable=SC2086  # split into words
	run --separate-stderr env KVM_SYSFS_ROOT=/nowhere $drop "$place/kvm-gadget-setup" up
	rm -r "$place"
	status_is 77 && one_line kvm-gadget-setup && [[ $stderr == *root* ]]
}

@test "down without gadgets does nothing; status says so and exits 1" {
	run kvm-gadget-setup down
	status_is 0
	run kvm-gadget-setup status
	status_is 1
	[ "$output" = 'no gadget' ]
	mkdir -p "$gadgets"
	run kvm-gadget-setup down
	status_is 0
}

@test "too many functions for the controller: 69 with the sum, before anything is touched" {
	controller fe980000.usb dwc2 'not attached'
	refused 69 'fe980000.usb (dwc2) has 7 IN endpoints: keyboard 1 + pointer 1 + mouse 1 + disc 1 + serial 2 + network 2 = 8' \
		kvm-gadget-setup up --profile full --with mouse
	refused 69 'keyboard 1 + pointer 1 + mouse 1 + controls 1 + disc 1 + serial 2 + network 2 = 9' \
		kvm-gadget-setup up --profile full --with mouse --with controls
	[ -z "$(ls "$gadgets")" ]
	run --separate-stderr kvm-gadget-setup plan --profile full
	status_is 0 && [[ $stderr == *'without the relative mouse'* && $output != *hid.mouse* ]]
	[[ $stderr == *'without the controls'* && $output != *hid.controls* ]]
	# Five functions of one endpoint each fit; two of two endpoints each and the controls do not.
	run --separate-stderr kvm-gadget-setup plan --with disc --with serial
	status_is 0 && [[ -z $stderr && $output == *hid.controls* ]]
	run --separate-stderr kvm-gadget-setup plan --with serial --with network
	status_is 0 && [[ $stderr == *'without the controls'* && $output == *hid.mouse* && $output != *hid.controls* ]]
}

@test "the gadget has its own supply, and any speed, unless the options say otherwise" {
	script=$(kvm-gadget-setup up --script)
	[[ $script == *"echo '0xc0' > configs/c.1/bmAttributes"* && $script == *"echo '100' > configs/c.1/MaxPower"* ]]
	[[ $script == *"[ ! -e max_speed ] || echo 'super-speed-plus' > max_speed"* ]]
	script=$(kvm-gadget-setup --bus-powered --max-power 500 --max-speed full-speed up --script)
	[[ $script == *"echo '0x80' > configs/c.1/bmAttributes"* && $script == *"echo '500' > configs/c.1/MaxPower"* ]]
	[[ $script == *$'\n'"echo 'full-speed' > max_speed"* ]]
	run kvm-gadget-setup --max-speed warp up --script
	status_is 64
}

@test "a gadget of another program on the controller: 75, named, not touched" {
	controller dummy_udc.0 dummy_udc configured
	mkdir "$gadgets/theirs" && echo dummy_udc.0 >"$gadgets/theirs/UDC"
	refused 75 'dummy_udc.0 is taken by the gadget theirs' kvm-gadget-setup up
	refused 66 'no such controller: other (there is dummy_udc.0)' kvm-gadget-setup up --udc other
	[ "$(ls "$gadgets")" = theirs ] && [ "$(cat "$gadgets/theirs/UDC")" = dummy_udc.0 ]
	: >"$gadgets/theirs/UDC"
	echo g_ether >"$udcs/dummy_udc.0/function"
	refused 75 'rmmod g_ether' kvm-gadget-setup up
}

@test "plan prints steps; after the script there are none" {
	controller dummy_udc.0 dummy_udc configured
	run kvm-gadget-setup plan
	status_is 0
	[ "${lines[0]}" = 'mkdir .' ] && [ "${lines[-1]}" = 'write UDC dummy_udc.0' ]
	made --profile full --udc dummy_udc.0
	run kvm-gadget-setup plan --profile full
	status_is 0 && [ -z "$output" ] || { echo "$output" && false; }
	run kvm-gadget-setup down -n
	[[ $output == 'write UDC '*'rmdir .' ]]
}

@test "a change is written, and no more than that" {
	controller dummy_udc.0 dummy_udc configured
	made --udc dummy_udc.0
	run kvm-gadget-setup --product 'Rack 7' up --dry-run
	[ "$output" = 'write UDC 
write configs/c.1/strings/0x409/configuration Rack 7
write strings/0x409/product Rack 7
write UDC dummy_udc.0' ] || { echo "$output" && false; }
	kvm-gadget-setup --product 'Rack 7' up
	[ "$(cat "$gadgets/kvm/strings/0x409/product")" = 'Rack 7' ]
	run kvm-gadget-setup --product 'Rack 7' plan
	[ -z "$output" ]
}

@test "a step that fails: told, and what came before is taken back" {
	controller dummy_udc.0 dummy_udc configured
	made --udc dummy_udc.0
	rm "$gadgets/kvm/strings/0x409/product" && mkdir "$gadgets/kvm/strings/0x409/product"
	run --separate-stderr kvm-gadget-setup --max-power 90 up
	[ "$status" -ne 0 ] && [[ $stderr == *'write strings/0x409/product'* ]]
	[ "$(cat "$gadgets/kvm/configs/c.1/MaxPower")" = 100 ]
	[ "$(cat "$gadgets/kvm/UDC")" = dummy_udc.0 ]
}

@test "status: text, JSON, exit code" {
	controller fe980000.usb dwc2 configured
	made --profile full --without mouse --udc fe980000.usb
	run kvm-gadget-setup status
	status_is 0
	[ "${lines[0]}" = 'configured, high-speed, on fe980000.usb' ]
	[[ $output == *'disc      empty'*'endpoints 7 in, 5 out of 7, 7' ]] || { echo "$output" && false; }
	run kvm-gadget-setup status --json
	status_is 0
	is() { json_is "$1" "$2" <<<"$output"; }
	is configured true
	is state '"configured"'
	is driver '"dwc2"'
	is 'functions.*.name' '["keyboard","pointer","disc","serial","network"]'
	is endpoints '{"in":7,"out":5}'
	is available '{"in":7,"out":7}'
	is disc '{"image":null,"cdrom":false,"writable":false}'
	echo suspended >"$udcs/fe980000.usb/state"
	run kvm-gadget-setup status
	status_is 0
	[[ $output == *'leds      unknown'* ]]
	mkdir -p "$KVM_SYSFS_ROOT/run/kvm/hid"
	printf '\3' >"$KVM_SYSFS_ROOT/run/kvm/hid/leds"
	[[ $(kvm-gadget-setup status) == *'leds      caps num'* ]]
	kvm-gadget-setup status --json | json_is leds '["caps","num"]'
	echo 'not attached' >"$udcs/fe980000.usb/state"
	run kvm-gadget-setup status
	status_is 1
}

@test "watch prints a line at each change and dies of SIGTERM" {
	controller dummy_udc.0 dummy_udc configured
	made --udc dummy_udc.0
	kvm-gadget-setup watch >"$BATS_TEST_TMPDIR/lines" 3>&- &
	eventually grep -q 'configured, high-speed' "$BATS_TEST_TMPDIR/lines"
	echo 'not attached' >"$BATS_TEST_TMPDIR/state"
	mv "$BATS_TEST_TMPDIR/state" "$udcs/dummy_udc.0/state" # atomically, as the kernel changes it
	eventually grep -q 'not attached' "$BATS_TEST_TMPDIR/lines"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/lines")" -eq 2 ]
	stop $!
}

# find_open PID FILE: the process has the file open.
find_open() { [ -n "$(find "/proc/$1/fd" -lname "$(realpath "$2")")" ]; }

@test "who changes something waits for who does, and can be stopped waiting" {
	controller dummy_udc.0 dummy_udc configured
	made --udc dummy_udc.0
	exec 9<"$gadgets"
	flock 9
	kvm-gadget-setup up --product 'Rack 7' 3>&- 9<&- &
	waiting=$!
	kvm-gadget-setup down 3>&- 9<&- &
	stopped=$!
	# Both have opened the folder that they lock.
	for pid in $waiting $stopped; do eventually find_open $pid "$gadgets"; done
	stop $stopped
	kill -0 $waiting
	[ "$(cat "$gadgets/kvm/strings/0x409/product")" = KVM ]
	exec 9<&-
	ends_with 0 $waiting
	[ "$(cat "$gadgets/kvm/strings/0x409/product")" = 'Rack 7' ]
}

@test "a configuration file; the command line wins" {
	conf=$BATS_TEST_TMPDIR/gadget.conf
	printf '%s\n' 'profile = "keyboard"' 'with = ["serial", "network:type=ecm"]' \
		'product = "From the file"' 'max-power = 100' >"$conf"
	run kvm-gadget-setup --config "$conf" --max-power 200 up --script
	status_is 0
	[[ $output == *"echo 'From the file'"* && $output == *"echo '200' > configs/c.1/MaxPower"* ]]
	[[ $output == *ecm.network* && $output == *acm.serial* && $output != *hid.mouse* ]]
	echo 'no-such-option = 1' >"$conf"
	refused 78 no-such-option kvm-gadget-setup --config "$conf" up --script
	for wrong in 'profile = "none"' 'max-power = 900' 'vendor-id = "zz"' 'remote-wakeup = maybe' \
		'with = ["disc", "floppy"]' 'product = ""' 'config = "x"'; do
		echo "$wrong" >"$conf"
		refused 78 "$conf: " kvm-gadget-setup --config "$conf" up --script
	done
	refused 64 'no such profile: none' kvm-gadget-setup --config "$conf" --profile none up --script
	refused 66 /nowhere kvm-gadget-setup --config /nowhere up --script
}

@test "USB IDs are hexadecimal, as lsusb prints them" {
	[[ $(kvm-gadget-setup --vendor-id 046d --product-id 0x104 up --script) == \
		*"echo '0x0104' > idProduct"*"echo '0x046d' > idVendor"* ]]
	printf 'vendor-id = 0x1d6b\nproduct-id = 1234\n' >"$BATS_TEST_TMPDIR/conf"
	[[ $(kvm-gadget-setup --config "$BATS_TEST_TMPDIR/conf" up --script) == \
		*"echo '0x1234' > idProduct"*"echo '0x1d6b' > idVendor"* ]]
}

@test "a script is what up makes, for the controller that is here" {
	controller fe980000.usb dwc2 'not attached'
	run --separate-stderr kvm-gadget-setup up --script --profile full
	status_is 0 && [[ $stderr == *'without the relative mouse'* && $output != *hid.mouse* ]]
	refused 69 'has 7 IN endpoints' kvm-gadget-setup up --script --profile full --with mouse
	kvm-gadget-setup up --script --profile full --with mouse --udc another.0 | grep -q hid.mouse
}

@test "a script that fails says why and leaves nothing behind" {
	mkdir -p "$gadgets" "$udcs"
	script=$BATS_TEST_TMPDIR/script
	kvm-gadget-setup up --script --profile keyboard >"$script"
	shellcheck "$script"
	run there "$script"
	status_is 69 && [[ $output == *'no USB device controller'* ]]
	[ -z "$(ls "$gadgets")" ]
	controller dummy_udc.0 dummy_udc configured
	run there "$script" # plain files: no kernel makes the directories that the script needs
	[ "$status" -ne 0 ] && [ -z "$(ls "$gadgets")" ] || { ls -R "$gadgets" && false; }
}

@test "options that cannot be: 64, in one line" {
	for options in '--profile none' '--with floppy' '--with disc:speed=3' '--with disc:image=relative' \
		'--with network:host-mac=12' '--without serial' '--max-power 501' '--vendor-id 0x10000' \
		'--vendor-id x' '--vendor-id=' '--product=' '--with disc:cdrom --with disc:ro=0' '--with disc:cdrom,ro=0' '--profile keyboard --without keyboard'; do
		# shellcheck disable=SC2086  # split into words
		refused 64 '' kvm-gadget-setup $options up --script
	done
	refused 64 '' kvm-gadget-setup up --script --serial "$(printf 'a\nb')"
	refused 64 '' kvm-gadget-setup disc insert --cdrom --writable x
	refused 64 '' kvm-gadget-setup
}

@test "disc: in, out, and what cannot go in" {
	controller dummy_udc.0 dummy_udc configured
	made --with disc --udc dummy_udc.0
	lun=$gadgets/kvm/functions/mass_storage.disc/lun.0
	echo 0 | tee "$lun/cdrom" >"$lun/ro"
	image="$BATS_TEST_TMPDIR/my disc.img"
	truncate -s 1M "$image"
	run kvm-gadget-setup disc status
	status_is 1 && [ "$output" = empty ]
	run kvm-gadget-setup disc insert "$image"
	status_is 0 && [ -z "$output" ]
	[ "$(cat "$lun/file")" = "$image" ] && [ "$(cat "$lun/ro")" = 1 ]
	run kvm-gadget-setup disc status
	status_is 0 && [ "$output" = "$image (read-only)" ]
	kvm-gadget-setup disc insert --writable "$image"
	[ "$(cat "$lun/ro")" = 0 ]
	refused 66 nowhere kvm-gadget-setup disc insert /nowhere
	refused 65 'neither a file' kvm-gadget-setup disc insert /dev/null
	refused 65 'a CD-ROM has at least 614400' kvm-gadget-setup disc insert --cdrom "$lun/ro"
	# The kernel would show the target only the beginning of a larger CD-ROM.
	large=$BATS_TEST_TMPDIR/large.iso
	truncate -s $((256 * 60 * 75 * 2048)) "$large"
	refused 65 'at most 2359293952 (leave out --cdrom)' kvm-gadget-setup disc insert --cdrom "$large"
	refused 65 '(leave out cdrom)' kvm-gadget-setup up --with "disc:image=$large,cdrom"
	truncate -s 2359293952 "$large"
	kvm-gadget-setup plan --with "disc:image=$large,cdrom"
	exec 8>>"$BATS_TEST_TMPDIR/growing"
	truncate -s 1M "$BATS_TEST_TMPDIR/growing"
	refused 75 'open for writing' kvm-gadget-setup disc insert "$BATS_TEST_TMPDIR/growing"
	exec 8>&-
	[ "$(cat "$lun/file")" = "$image" ]
	kvm-gadget-setup disc eject
	[ -z "$(cat "$lun/file")" ]
	run kvm-gadget-setup disc insert --cdrom "$image"
	status_is 0 && [[ $output == *'sees the cable pulled'* ]]
	[ "$(cat "$lun/cdrom" "$lun/ro")" = $'1\n1' ] && [ "$(cat "$gadgets/kvm/UDC")" = dummy_udc.0 ]
	# up checks an image in the same way, before it changes anything.
	kvm-gadget-setup disc insert --cdrom "$image"
	refused 66 "$BATS_TEST_TMPDIR/none: No such file" kvm-gadget-setup plan --with "disc:image=$BATS_TEST_TMPDIR/none"
	refused 66 none kvm-gadget-setup up --with "disc:image=$BATS_TEST_TMPDIR/none"
	refused 65 'neither a file' kvm-gadget-setup up --with "disc:image=$BATS_TEST_TMPDIR"
	exec 8>>"$BATS_TEST_TMPDIR/growing"
	refused 75 'open for writing' kvm-gadget-setup up --with "disc:image=$BATS_TEST_TMPDIR/growing"
	exec 8>&-
	[ "$(kvm-gadget-setup disc status)" = "$image (CD-ROM)" ]
	ln -s growing "$BATS_TEST_TMPDIR/link"
	kvm-gadget-setup up --with "disc:image=$BATS_TEST_TMPDIR/link"
	[ "$(kvm-gadget-setup disc status)" = "$BATS_TEST_TMPDIR/growing (read-only)" ]
	run kvm-gadget-setup plan --with "disc:image=$BATS_TEST_TMPDIR/link"
	status_is 0 && [ -z "$output" ]
	rm -r "$gadgets/kvm/functions/mass_storage.disc" "$gadgets/kvm/configs/c.1/mass_storage.disc"
	refused 66 'has no drive' kvm-gadget-setup disc insert "$image"
}

@test "serial numbers: the machine's own, the same each time" {
	serial() { kvm-gadget-setup up --script | sed -n "s/^echo '\(.*\)' > strings.*serialnumber$/\1/p"; }
	[ "$(serial | wc -c)" -eq 25 ] && [ "$(serial)" = "$(serial)" ]
	[ ! -s /etc/machine-id ] || [[ $(serial) != *"$(cut -c 1-8 /etc/machine-id)"* ]]
	run kvm-gadget-setup --serial 4711 up --script
	[[ $output == *"echo '4711' > strings/0x409/serialnumber"* ]]
}

# ---- kvm-otg-check ----

check() { run "$BATS_TEST_DIRNAME/../../scripts/kvm-otg-check"; }

@test "kvm-otg-check: a board without a controller, and why" {
	check
	status_is 1 && [[ $output == *'PCs hardly ever have one'* ]]
	board 'Raspberry Pi 3 Model B Rev 1.2'
	check
	status_is 1 && [[ $output == *'can only be a host'* ]]
	board 'Raspberry Pi 4 Model B Rev 1.5' 'dtoverlay=vc4-kms-v3d' '[cm4]' 'otg_mode=1' '[pi5]' 'dtoverlay=dwc2'
	check
	status_is 1 && [[ $output == *'no dtoverlay=dwc2 for this board in /boot/firmware/config.txt'* ]]
	board 'Raspberry Pi 4 Model B Rev 1.5' '[all]' 'dtoverlay=dwc2,dr_mode=host'
	check
	[[ $output == *'makes the port a host'* ]]
	board 'Raspberry Pi Zero 2 W Rev 1.0' '[pi02]' 'dtoverlay=dwc2'
	check
	[[ $output == *'driver is not loaded'* ]]
	mkdir -p "$KVM_SYSFS_ROOT/sys/bus/platform/drivers/dwc2"
	check
	[[ $output == *'offers no device controller'* ]]
}

@test "kvm-otg-check: no gadget, another's gadget, ours" {
	controller fe980000.usb dwc2 configured
	check
	status_is 1 && [[ $output == *'there is no gadget'*'kvm-gadget-setup up'* ]]
	mkdir "$gadgets/theirs" && echo fe980000.usb >"$gadgets/theirs/UDC"
	check
	status_is 1 && [[ $output == *'the gadget theirs of another program'* ]]
	rm -r "$gadgets/theirs"
	made --udc fe980000.usb
	check
	status_is 0 && [[ $output != *WRONG* ]]
}

@test "kvm-otg-check: the cable and the host, by the controller's state" {
	controller fe980000.usb dwc2 configured
	made --udc fe980000.usb
	for pair in 'not attached:no host at the other end' 'powered:without data wires' \
		'addressed:begun to talk' 'suspended:the host sleeps' 'suspended:kvm-type --wake -k space'; do
		echo "${pair%%:*}" >"$udcs/fe980000.usb/state"
		check
		status_is 1 && [[ $output == *"${pair#*:}"* ]] || { echo "$pair: $output" && false; }
	done
	echo configured >"$udcs/fe980000.usb/state"
	echo full-speed >"$udcs/fe980000.usb/current_speed"
	check
	status_is 0 && [[ $output == *'full speed, 12 Mbit/s'* ]]
}

@test "kvm-otg-check: device nodes" {
	controller fe980000.usb dwc2 configured
	made --profile keyboard --udc fe980000.usb
	echo 245:0 >"$gadgets/kvm/functions/hid.keyboard/dev"
	mkdir -p "$KVM_SYSFS_ROOT"/sys/dev/char "$KVM_SYSFS_ROOT"/dev
	check
	status_is 1 && [[ $output == *'hid.keyboard has no device node'* ]]
	ln -s ../../devices/virtual/hidg/hidg0 "$KVM_SYSFS_ROOT/sys/dev/char/245:0"
	touch "$KVM_SYSFS_ROOT/dev/hidg0"
	check
	status_is 0 && [[ $output == *'hid.keyboard is /dev/hidg0'* ]]
}

@test "the udev rule takes our functions' nodes and no others" {
	rule=$BATS_TEST_DIRNAME/../../scripts/udev/70-kvm-hid.rules
	mkdir -p "$gadgets"/{kvm,theirs}/functions/hid.keyboard
	echo 245:1 >"$gadgets/kvm/functions/hid.keyboard/dev"
	echo 245:0 >"$gadgets/theirs/functions/hid.keyboard/dev"
	program=$(sed -n "s/.*PROGRAM=\"\/bin\/sh -c '\(.*\)'\", GROUP.*/\1/p" "$rule")
	[ -n "$program" ]
	# shellcheck disable=SC2030,SC2031
	program=${program//\/sys\//$KVM_SYSFS_ROOT/sys/}
	run env major=245 minor=1 sh -c "$program"
	status_is 0
	run env major=245 minor=0 sh -c "$program"
	status_is 1
	run env major=245 minor=10 sh -c "$program"
	status_is 1
}
