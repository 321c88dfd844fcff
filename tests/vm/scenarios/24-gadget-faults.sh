#!/bin/sh
# Whichever step of a change fails or is interrupted, the state from before is restored.
at_exit 'kvm-gadget-setup down'
# state: prints all paths and values of configfs, without the values that the kernel itself chooses.
state() {
	cd "$GADGETS" || fail "$GADGETS"
	find . | sort
	grep -ras '' . | grep -vE '/(dev|ifname|port_num|forced_eject):' | sort
	for link in kvm/configs/c.1/*.* kvm/os_desc/c.1; do [ ! -L "$link" ] || readlink "$link"; done
}
# every_step HOW WANTED COMMAND...: makes each change of the command fail in turn (see fail-at).
every_step() {
	how=$1 wanted_status=$2
	shift 2
	before=$(state)
	step=0
	while :; do
		step=$((step + 1)) status=0
		# shellcheck disable=SC2086
		fail-at $how $step "$@" 2>/tmp/stderr || status=$?
		[ $status -ne 99 ] || break
		[ $status -eq "$wanted_status" ] || fail "step $step of $*: status $status: $(cat /tmp/stderr)"
		expect "$(state)" "$before" "the state after step $step of '$*' failed: $(cat /tmp/stderr)"
	done
	echo "# $((step - 1)) steps of $*"
	[ $step -gt 8 ] || fail "only $step steps"
}

every_step '' 74 kvm-gadget-setup up --profile keyboard
kvm-gadget-setup down
plugs kvm-gadget-setup up --profile keyboard # the kernel sets bcdUSB when the host talks
every_step '' 74 kvm-gadget-setup up --profile keyboard --with serial
wait_for host_sees configured
kvm-gadget-setup down
for signal in 1 2 15; do # HUP, INT, TERM
	every_step -$signal $((128 + signal)) kvm-gadget-setup up --profile keyboard
	kvm-gadget-setup down
done
