#!/bin/sh
# Media go in and out while the host watches, reads, writes and locks them.
modprobe -a usb-storage sd_mod sr_mod isofs vfat nls_cp437 nls_iso8859-1
disc() { kvm-gadget-setup disc "$@"; }
said() { # said TEXT STATUS COMMAND...
	text=$1
	shift
	fails_with "$@" | grep -q "$text" || fail "$(cat /tmp/stderr)"
}

gadget_up --with disc
wait_for test -b /dev/sda
expect "$(fails_with 1 disc status)$(cat /tmp/stdout)" empty 'an empty drive'
disc eject

mkdir -p /tmp/discs
at_exit 'umount /mnt 2>/dev/null; rm -rf /tmp/discs'
mkdir -p /mnt
for name in one two; do
	dd if=/dev/zero of=/tmp/discs/$name.img bs=1k count=1440 2>/dev/null
	mkdosfs -n "$name" /tmp/discs/$name.img
done
make-iso README.TXT 'on a disc' >/tmp/discs/cd.iso

medium() { [ "$(blockdev --getsize64 /dev/sda 2>/dev/null)" = "$1" ]; }
plugged() { cat /sys/bus/usb/devices/1-1/devnum; }
before=$(plugged)

# The host writes to a writable medium: the data is in the image.
disc insert --writable /tmp/discs/one.img
wait_for medium 1474560
mount -t vfat /dev/sda /mnt
echo 'from the host' >/mnt/note
sync
umount /mnt
disc eject
strings /tmp/discs/one.img | grep -q 'from the host' || fail 'the image does not hold what was written'

# Another medium in its place: the host sees the new content, and no cable is pulled.
disc insert /tmp/discs/two.img
wait_for sh -c 'head -c 512 /dev/sda | grep -q two'
fails_with 1 sh -c 'echo x 2>&1 >/dev/sda'
expect "$(disc status)" '/tmp/discs/two.img (read-only)' 'disc status'
mount -t vfat -o ro /dev/sda /mnt
# While the medium is mounted, the host has it locked.
said 'the host has locked the disc.*--force' 75 disc eject
said 'the host has locked the disc' 75 disc insert /tmp/discs/one.img
expect "$(disc status)" '/tmp/discs/two.img (read-only)' 'the disc inserted'
disc eject --force
expect "$(fails_with 1 disc status)$(cat /tmp/stdout)" empty 'after force'
umount /mnt
disc insert /tmp/discs/one.img
wait_for medium 1474560
expect "$(plugged)" "$before" 'the device number: the cable was never pulled'

# For a CD-ROM the gadget must be plugged in again, as another device.
disc insert --cdrom /tmp/discs/cd.iso 2>/tmp/said
expect "$(cat /tmp/said)" 'kvm-gadget-setup: the drive becomes a CD-ROM: the host sees the cable pulled and plugged in' 'what it says'
wait_for test -b /dev/sr0
wait_for mount -t iso9660 /dev/sr0 /mnt
expect "$(cat /mnt/readme.txt)" 'on a disc' 'the file on the CD-ROM'
umount /mnt
kvm-gadget-setup up --with disc
expect "$(disc status)" '/tmp/discs/cd.iso (CD-ROM)' 'the disc inserted, after up'

# An image that cannot go in is refused, and nothing changes.
said 'No such file' 66 disc insert /tmp/discs/none.img
said 'neither a file' 65 disc insert /tmp/discs
said 'a CD-ROM has at least 614400' 65 disc insert --cdrom /tmp/stderr
spawn sh -c 'exec sleep 100000 >>/tmp/discs/one.img'
wait_for has_open $! /tmp/discs/one.img
said 'open for writing' 75 disc insert /tmp/discs/one.img
mount -t tmpfs none /mnt
cp /tmp/discs/two.img /mnt/
mount -o remount,ro /mnt
said 'Read-only' 77 disc insert --writable /mnt/two.img
kvm-gadget-setup disc eject
said '/mnt/two.img: Read-only file system (leave out ro=0)' 77 \
	kvm-gadget-setup up --with disc:image=/mnt/two.img,ro=0
disc insert --cdrom /tmp/discs/cd.iso
umount /mnt
expect "$(disc status)" '/tmp/discs/cd.iso (CD-ROM)' 'the disc inserted'
kvm-gadget-setup up --without mouse
said 'has no drive' 66 disc insert /tmp/discs/two.img
