#!/bin/sh
# All functions of profile `full` are in use at once on one controller, without mouse and controls, as
# on a Raspberry Pi. dummy_hcd has no endpoints for more.
modprobe -a usb-storage sd_mod vfat nls_cp437 nls_iso8859-1 cdc-acm cdc_ncm
gadget_up --profile full --without mouse --without controls
console_layout us
typed_into /tmp/typed
expect "$(kvm-gadget-setup status | tail -n 1)" 'endpoints 7 in, 3 out' 'endpoints'

dd if=/dev/zero of=/tmp/disc.img bs=1k count=1440 2>/dev/null
mkdosfs /tmp/disc.img
kvm-gadget-setup disc insert --writable /tmp/disc.img
medium() { [ "$(blockdev --getsize64 /dev/sda 2>/dev/null)" = 1474560 ]; }
wait_for medium
mkdir -p /mnt
mount -t vfat /dev/sda /mnt
at_exit 'umount /mnt 2>/dev/null'

stty -F /dev/ttyGS0 raw -echo
wait_for stty -F /dev/ttyACM0 raw -echo # the first try once got EIO from dummy_hcd
spawn cat /dev/ttyACM0 >/tmp/line
network_up

# Everything at once.
head -c 300000 /dev/urandom >/tmp/data
cp /tmp/data /mnt/data &
copy=$!
text=$(printf 'hello %.0s' 1 2 3 4 5 6 7 8)
printf %s "$text" | kvm-type &
typist=$!
wait_for ping -c 1 -W 10 10.9.8.2
echo 'over the line' >/dev/ttyGS0
wait_for grep -q 'over the line' /tmp/line
wait $typist
wait $copy
becomes "$text" 'keys' cat /tmp/typed
spawn evdump >/tmp/events
wait_for grep -q '^ready 2' /tmp/events
echo mouseto 0.5 0.5 | kvm-type -a
wait_for grep -q '^abs 0 16384' /tmp/events
umount /mnt
mount -t vfat /dev/sda /mnt
cmp /tmp/data /mnt/data
umount /mnt
