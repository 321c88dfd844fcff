#!/bin/sh
# timeout: 120
# Profile `full` in use on one controller, all at once, as on a Raspberry Pi: without the relative
# mouse. dummy_hcd has no endpoints for more.
modprobe -a usb-storage sd_mod vfat nls_cp437 nls_iso8859-1 cdc-acm cdc_ncm
gadget_up --profile full --without mouse
spawn evdump >/tmp/events
wait_for 10 grep -q '^ready' /tmp/events
wait_for 10 test -c /dev/ttyACM0
expect "$(kvm-gadget-setup status | tail -n 1)" 'endpoints 7 in, 3 out' 'endpoints'

dd if=/dev/zero of=/tmp/disc.img bs=1k count=1440 2>/dev/null
mkdosfs /tmp/disc.img
kvm-gadget-setup disc insert --writable /tmp/disc.img
medium() { [ "$(blockdev --getsize64 /dev/sda 2>/dev/null)" = 1474560 ]; }
wait_for 20 medium
mkdir -p /mnt
mount -t vfat /dev/sda /mnt
at_exit 'umount /mnt 2>/dev/null'

stty -F /dev/ttyGS0 raw -echo
wait_for 10 stty -F /dev/ttyACM0 raw -echo # EIO at first, seen once: dummy_hcd
spawn cat /dev/ttyACM0 >/tmp/line
network_up

# All at once.
head -c 300000 /dev/urandom >/tmp/data
cp /tmp/data /mnt/data &
copy=$!
# At a rate at which evdump, when the machine is busy, loses no event: evdev keeps few.
printf 'hello %.0s' 1 2 3 4 5 6 7 8 | kvm-type --rate 50 &
typist=$!
wait_for 15 ping -c 1 -W 1 10.9.8.2
echo 'over the line' >/dev/ttyGS0
wait_for 10 grep -q 'over the line' /tmp/line
wait $typist
wait $copy
echo mouseto 0.5 0.5 | kvm-type -a
wait_for 5 grep -q '^abs 0 16384' /tmp/events
pressed=$(sed -n 's/^key \(.*\) 1$/\1/p' /tmp/events | tr '\n' ' ')
expect "$pressed" "$(printf '35 18 38 38 24 57 %.0s' 1 2 3 4 5 6 7 8)" 'keys'
umount /mnt
mount -t vfat /dev/sda /mnt
cmp /tmp/data /mnt/data
umount /mnt
