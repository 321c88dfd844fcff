#!/bin/sh
# Viewers from other machines: an address gets no more than its share of connections, and a viewer
# whose network goes down is dropped.
# shellcheck disable=SC2154  # network_namespace sets $target
network_namespace
in_net() { nsenter -t "$target" -n "$@"; }
in_net ip link set lo up
for address in 192.0.2.1 192.0.2.2; do in_net ip addr add $address/32 dev lo; done

spawn nsenter -t "$target" -n sh -c 'kvm-capture -d test -s 640x480 |
	kvm-mjpeg-httpd -l 0.0.0.0:8080 --no-auth-on-purpose --max-per-address 2 --stall-timeout 20 2>/tmp/httpd >/dev/null'
wait_for grep -q 0.0.0.0:8080 /tmp/httpd

# asks ADDRESS: connects from this address to this address; succeeds if the server answers 200.
asks() {
	printf 'GET /state HTTP/1.0\r\n\r\n' | in_net nc "$1" 8080 >/tmp/answer
	grep -q ' 200 ' /tmp/answer
}
# Counts the open connections from 192.0.2.1 at the server's end: local 192.0.2.1:8080, state 1.
open_ends() { grep -c ': 010200C0:1F90 [^ ]* 01 ' "/proc/$target/net/tcp"; }
viewers_are() { asks 127.0.0.1 && grep -q "\"clients\":$1," /tmp/answer; }
open_are() { [ "$(open_ends)" -eq "$1" ]; }

wait_for asks 192.0.2.1
for _ in 1 2; do
	spawn nsenter -t "$target" -n sh -c '{ printf "GET /stream HTTP/1.0\r\n\r\n"; sleep 100000; } | nc 192.0.2.1 8080 >/dev/null'
done
wait_for open_are 2
! asks 192.0.2.1 || fail "a third connection from one address was let in"
asks 192.0.2.2 || fail "a connection from another address was refused"
asks 127.0.0.1 || fail "a connection from this machine was refused"
wait_for viewers_are 2

in_net ip link set lo down
wait_for open_are 0
in_net ip link set lo up
wait_for asks 192.0.2.1
grep -q '"clients":0,' /tmp/answer || fail "a viewer is left: $(cat /tmp/answer)"
