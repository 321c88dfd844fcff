#!/usr/bin/env bats
# Completion in bash offers exactly the options of --help, and values where --help names them. fish and
# zsh read the same table (tests/ship/completions.bats).
load common

setup() {
	SRC=$(cd "$BATS_TEST_DIRNAME/../.." && pwd) T=$BATS_TEST_TMPDIR
	mkdir -p "$T/kvmpi"
	cp "$SRC/scripts/completions/table" "$T/kvmpi/completion-table"
	sed "s|/usr/local/share|$T|" "$SRC/scripts/completions/kvm.bash" >"$T/kvm.bash"
	cd "$T"
}
# options_of COMMAND...: prints the options in the command's --help, parsed independently of the
# completions.
options_of() {
	"$@" --help | sed '/^Subcommands:/,$d' | grep -oE '^  -[^ ]+' | tr ',' '\n' | tr -d ' ' | sort
}
in_bash() {
	bash -c '. ./kvm.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kvm "$1" "${!#}" "${@:$#-1:1}"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$@" | sort
}

@test "each option of each tool" {
	for tool in $TOOLS; do
		options_of "$tool" >options
		[ -s options ]
		in_bash "$tool" - | grep '^-' | diff options -
	done
}

@test "values: what an option names, layouts" {
	[ "$(in_bash kvm-type --unicode '')" = $'linux\nmac\nwindows' ]
	[ "$(in_bash kvm-type --unicode w)" = windows ]
	in_bash kvm-type -l d | grep -qx de
}

@test "subcommands, and what each of them takes" {
	in_bash kvm-gadget-setup s | grep -qx status
	[ "$(in_bash kvm-gadget-setup status --j)" = --json ]
	[ "$(in_bash kvm-gadget-setup disc i)" = insert ]
	[ "$(in_bash kvm-gadget-setup --profile full disc i)" = insert ]
	for command in down status watch disc 'disc insert' 'disc eject' 'disc status'; do
		# shellcheck disable=SC2086  # split into words
		options_of kvm-gadget-setup $command >options
		# shellcheck disable=SC2086
		in_bash kvm-gadget-setup $command - | diff options -
	done
	# "Excludes: --writable" in the help of an option does not name values.
	in_bash kvm-gadget-setup disc insert --cdrom - | grep -qx -- --writable
	# up and plan take the options of the gadget too.
	kvm-gadget-setup up --with serial --script >made
	for command in up plan; do [ "$(in_bash kvm-gadget-setup $command --wi | xargs)" = '--with --without' ]; done
}
