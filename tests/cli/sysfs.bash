# `load sysfs`: a machine simulated with plain files, for tools that read /sys, /dev, /run, /boot.

# play_sysfs [FOLDER]: makes FOLDER the root of the simulated machine, and sets $gadgets and $udcs,
# its folders of gadgets and controllers.
play_sysfs() {
	export KVM_SYSFS_ROOT=${1-$BATS_TEST_TMPDIR/root}
	gadgets=$KVM_SYSFS_ROOT/sys/kernel/config/usb_gadget
	udcs=$KVM_SYSFS_ROOT/sys/class/udc
	mkdir -p "$KVM_SYSFS_ROOT/sys"
}

# board MODEL [LINE]...: writes a device tree with this model, and a config.txt with these lines.
board() {
	mkdir -p "$KVM_SYSFS_ROOT/sys/firmware/devicetree/base" "$KVM_SYSFS_ROOT/boot/firmware"
	printf '%s\0' "$1" >"$KVM_SYSFS_ROOT/sys/firmware/devicetree/base/model"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" >"$KVM_SYSFS_ROOT/boot/firmware/config.txt"
}

# controller NAME DRIVER STATE: adds a USB device controller, and configfs support for gadgets.
controller() {
	mkdir -p "$udcs/$1/device" "$gadgets"
	ln -s "/sys/bus/platform/drivers/$2" "$udcs/$1/device/driver"
	echo "$3" >"$udcs/$1/state"
	echo high-speed >"$udcs/$1/current_speed"
	: >"$udcs/$1/function"
}

# hid_gadget UDC NAME...: makes the gadget kvm on that controller, with these HID functions. The
# device node of each is a FIFO: /dev/char/244:0, 244:1 and so on.
hid_gadget() {
	local minor=0 name
	mkdir -p "$gadgets/kvm/functions" "$KVM_SYSFS_ROOT/dev/char" "$KVM_SYSFS_ROOT/run/kvm/hid"
	echo "$1" >"$gadgets/kvm/UDC"
	echo kvm >"$udcs/$1/function"
	shift
	for name; do
		mkdir "$gadgets/kvm/functions/hid.$name"
		echo "244:$minor" >"$gadgets/kvm/functions/hid.$name/dev"
		mkfifo "$KVM_SYSFS_ROOT/dev/char/244:$minor"
		minor=$((minor + 1))
	done
}

# made OPTION...: makes the gadget kvm with the script that kvm-gadget-setup prints. The directories
# that the kernel would make are created before the script runs.
made() {
	local script=$BATS_TEST_TMPDIR/script file function
	mkdir -p "$gadgets"/kvm/{configs/c.1/strings,strings,os_desc}
	mkdir -p "$gadgets"/kvm/functions/{mass_storage.disc/lun.0,ncm.network/os_desc/interface.ncm}
	for file in file cdrom ro; do : >"$gadgets/kvm/functions/mass_storage.disc/lun.0/$file"; done
	kvm-gadget-setup "$@" up --script >"$script"
	sed 's/^mkdir /mkdir -p /' "$script" >"$script.p"
	there "$script.p"
	# Remove the functions that the options did not ask for.
	for function in mass_storage.disc ncm.network; do
		[ -L "$gadgets/kvm/configs/c.1/$function" ] || rm -r "$gadgets/kvm/functions/$function"
	done
}

# there SCRIPT: runs the script on the simulated /sys.
there() { sed "/^modprobe/d; s|/sys/|$KVM_SYSFS_ROOT/sys/|" "$1" | sh; }
