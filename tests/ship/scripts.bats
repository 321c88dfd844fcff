#!/usr/bin/env bats
# The conventions of all helper scripts, and tests of scripts too small for a file of their own.
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

@test "every helper: -h, --help and --version are 0 and on stdout, an unknown option 64 and a line that points at --help" {
	for helper in "$SRC"/scripts/kvm-*; do
		name=${helper##*/}
		for option in -h --help; do
			run --separate-stderr "$helper" $option
			status_is 0
			[[ $output == "usage: $name"* && -z $stderr ]] || { echo "$name: $output $stderr"; false; }
		done
		run --separate-stderr "$helper" --version
		status_is 0
		# Only the Makefile has the number.
		[[ $output == "$name $(sed -n 's/^VERSION := //p' "$SRC/Makefile")" && -z $stderr ]] || { echo "$name: $output $stderr"; false; }
		run --separate-stderr "$helper" --no-such
		status_is 64
		one_line "$name" && [[ -z $output && $stderr == *--help* || $stderr == *usage:* ]] || { echo "$name: $output"; false; }
	done
}

@test "kvm-gadget.service: the gadget of /etc/kvm/gadget.conf, if there is one" {
	stub kvm-gadget-setup 'echo "$@"'
	# systemd turns $$ into $.
	line=$(sed -n 's/^ExecStart=//p' "$SRC/scripts/systemd/kvm-gadget.service" | sed "s|\$\\$|$|g; s|/etc/kvm|$T|")
	[ "$(sh -c "$line")" = up ]
	echo 'with = ["disc"]' >"$T/gadget.conf"
	[ "$(sh -c "$line")" = "--config $T/gadget.conf up" ]
	# The tool accepts the gadget.conf that kvm-service(8) shows.
	sed -n "s/^\.Dl # echo '\(.*\)' >.*gadget.conf/\1/p" "$SRC/man/kvm-service.8" | diff - "$T/gadget.conf"
	"$BIN/kvm-gadget-setup" --config "$T/gadget.conf" up --script | grep -q mass_storage
}

@test "postinst: what is enabled runs after each installation, in its new version" {
	mkdir -p "$T"/system/{multi-user,usb-gadget}.target.wants "$T/run"
	ln -s x "$T/system/multi-user.target.wants/kvm@rack-2.service"
	ln -s x "$T/system/usb-gadget.target.wants/kvm-gadget.service"
	stub systemctl 'echo "systemctl $*" >>'"$T/called"
	stub deb-systemd-invoke 'echo "invoke $*" >>'"$T/called"
	sed "s|/run/systemd/system|$T/run|; s|/etc/systemd/system|$T/system|" "$SRC/scripts/deb/postinst" >"$T/postinst"
	sh "$T/postinst" configure 0.0.1 # the previous version
	[ "$(tail -2 "$T/called")" = $'systemctl try-restart kvm@*.service\ninvoke start kvm-gadget.service kvm@rack-2.service' ]
	! grep enable "$T/called"
}

# bare ARCHITECTURE ABSENT...: runs install-deps on a simulated machine without any of the packages,
# whose Debian lacks some of them.
bare() {
	stub dpkg "echo $1"
	stub dpkg-query 'exit 1'
	stub id 'echo 0'
	stub apt-get 'echo "$*" >>'"$T/apt"
	shift
	stub apt-cache "case \" $* \" in *\" \$2 \"*) exit 100 ;; esac"
	run --separate-stderr "$SRC/scripts/install-deps" check
	status_is 0
	tail -1 "$T/apt" >"$T/line"
}

@test "install-deps: what Debian has not for a machine is named, and the rest installed" {
	bare arm64
	[ -z "$stderr" ]
	grep -q clang-format "$T/line"
	[ -z "$(grep -E 'aarch64|qemu-user' "$T/line")" ]
	bare armhf g++-aarch64-linux-gnu libclang-rt-dev
	[ "$(grep -c 'left out' <<<"$stderr")" -eq 2 ] && [[ $stderr == *g++-aarch64*armhf* ]]
	grep -q clang-format "$T/line"
	! grep -qE 'aarch64|libclang-rt' "$T/line"
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

@test "jobs: as many compilers as the memory allows, at least one, at most one a processor" {
	jobs_with() { # KB
		printf '%s\n' "MemTotal: 99999999 kB" "MemAvailable: $1 kB" >"$T/meminfo"
		MEMINFO=$T/meminfo "$SRC/scripts/jobs"
	}
	stub nproc 'echo 4'
	[ "$(jobs_with 200000)" = 1 ]
	[ "$(jobs_with 1700000)" = 1 ] # a Pi with 2 GB
	[ "$(jobs_with 3600000)" = 2 ]
	[ "$(jobs_with 7500000)" = 4 ]
	[ "$(jobs_with 99000000)" = 4 ]
	[ "$("$SRC/scripts/jobs")" -ge 1 ] # with the real /proc/meminfo
}

@test "make demo and make check: silent about the packages that they are going to install" {
	mkdir -p "$T/tree/scripts"
	cp "$SRC/Makefile" "$T/tree"
	stub pkg-config 'echo "asked for $*" >>'"$T/asked; exit 1"
	printf '#!/bin/sh\nexit 1\n' | install /dev/stdin "$T/tree/scripts/install-deps"
	for goal in demo check help clean; do
		code=0
		make -s -C "$T/tree" $goal >"$T/said" 2>&1 || code=$?
		[ $code -eq 0 ] || [ "$(grep -vc '^make\(\[[0-9]*\]\)\{0,1\}: ' "$T/said")" = 0 ] || { cat "$T/said"; false; }
	done
	[ ! -e "$T/asked" ]
	# Compiling asks for the flags, and a second object does not ask again.
	mkdir "$T/tree/cmd"
	touch "$T/tree/cmd/a.cc" "$T/tree/cmd/b.cc"
	make -s -C "$T/tree" CXX=: build/release/cmd/a.o build/release/cmd/b.o
	[ "$(wc -l <"$T/asked")" = 1 ]
}

@test "the services start only programs that every Debian has, besides ours" {
	programs=$(sed -n 's/^Exec[A-Za-z]*=[-+!@:]*\([^ ]*\).*/\1/p' "$SRC"/scripts/systemd/*.service | grep -v '^kvm-' | sort -u)
	[ -n "$programs" ]
	for program in $programs; do
		path=$(readlink -f "$(command -v "$program")")
		package=$(dpkg-query -S "$path" "${path#/usr}" 2>/dev/null | sed 's/:.*//' | head -1)
		[ "$(dpkg-query -W -f '${Essential}' "$package")" = yes ] || [ "$package" = systemd ] || { echo "$program belongs to $package"; false; }
	done
	grep -q 'ExecReload=' "$SRC/scripts/systemd/kvm@.service"
	# systemd turns $$ into $, and sets MAINPID.
	line=$(sed -n 's/^ExecReload=//p' "$SRC/scripts/systemd/kvm@.service" | sed 's|\$\$|$|g')
	sleep 60 3>&- &
	MAINPID=$! sh -c "$line"
	ends_with 129 $!
}
