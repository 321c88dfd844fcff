#!/usr/bin/env bats
# The manners of the helpers, and the scripts that are too small for a file of their own.
load common

setup() {
	mkdir "$T/bin"
	PATH=$T/bin:$PATH
}
teardown() { sweep; }
stub() {
	printf '#!/bin/sh\n%s\n' "$2" >"$T/bin/$1"
	chmod +x "$T/bin/$1"
}

@test "every helper: --help is 0 and on stdout, an unknown option 64 and a line that points at --help" {
	for helper in "$SRC"/scripts/kvm-*; do
		name=${helper##*/}
		run --separate-stderr "$helper" --help
		status_is 0
		[[ $output == *"$name"* && -z $stderr ]] || { echo "$name: $output $stderr"; false; }
		run --separate-stderr "$helper" --no-such
		status_is 64
		one_line "$name" && [[ -z $output && $stderr == *--help* || $stderr == *usage:* ]] || { echo "$name: $output"; false; }
	done
}

@test "demo: a port in use is said, and is its status" {
	kvm-mjpeg-httpd -l 127.0.0.1:0 2>"$T/said" < <(exec sleep 60) 3>&- &
	eventually grep -q http: "$T/said"
	port=$(grep -oE '[0-9]+/$' "$T/said")
	run --separate-stderr "$SRC/scripts/demo" "127.0.0.1:${port%/}"
	status_is 69 && one_line kvm-mjpeg-httpd
}

@test "the package depends on those that own what the tools read" {
	for file in /usr/share/X11/xkb/rules/evdev.xml /usr/share/X11/locale/compose.dir; do
		owner=$(dpkg -S "$file")
		grep -q "^Depends:.*[ ,]${owner%%:*}\(,\|$\)" "$SRC/scripts/deb/control" || { echo "$owner"; false; }
	done
}
