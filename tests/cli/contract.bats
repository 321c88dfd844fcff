#!/usr/bin/env bats
# The conventions that all tools share (kvm(7), CONVENTIONS), and the exceptions of single tools.
load common

# prints TOOL: outputs a command line of the tool that writes to stdout and needs no device.
# waits TOOL: outputs a command line that waits for input.
prints() {
	case $1 in
	kvm-capture) echo "kvm-capture -d test -s 320x200 -n 1 -o -" ;;
	kvm-mjpeg-httpd) echo "kvm-mjpeg-httpd --help" ;;
	kvm-type) echo "kvm-type --dry-run -k a" ;;
	kvm-gadget-setup) echo "kvm-gadget-setup up --script" ;;
	esac
}
waits() {
	case $1 in
	kvm-capture) echo "kvm-capture -d test -s 320x200 -r 5 -o -" ;;
	kvm-mjpeg-httpd) echo "kvm-mjpeg-httpd -l 127.0.0.1:0" ;;
	kvm-type) echo "kvm-type -a --dry-run" ;;
	esac
}

@test "--help goes to stdout, names the tool and exits 0" {
	for tool in $TOOLS; do
		run --separate-stderr "$tool" --help
		status_is 0
		[[ $output == *"$tool"* && -z $stderr ]]
	done
}

@test "--version is NAME NUMBER, the same in all" {
	for tool in $TOOLS; do
		run --separate-stderr "$tool" --version
		status_is 0
		[[ $output =~ ^$tool\ [0-9]+\.[0-9]+\.[0-9]+$ && -z $stderr ]]
	done
}

@test "an unknown option: 64, one line that points at --help, nothing on stdout" {
	for tool in $TOOLS; do
		run --separate-stderr "$tool" --no-such-option
		status_is 64
		one_line "$tool"
		[[ $stderr == *--help* && -z $output ]]
	done
}

@test "a missing file or device: 66 and its name" {
	run --separate-stderr kvm-capture -d /nowhere/video0 -n 1 -o /dev/null
	status_is 66 && one_line kvm-capture && [[ $stderr == */nowhere/video0* ]]
	run --separate-stderr kvm-type --dry-run --file /nowhere/text
	status_is 66 && one_line kvm-type && [[ $stderr == */nowhere/text* ]]
	run --separate-stderr kvm-gadget-setup --config /nowhere/gadget.conf up --script
	status_is 66 && one_line kvm-gadget-setup && [[ $stderr == */nowhere/gadget.conf* ]]
	run --separate-stderr kvm-mjpeg-httpd --passwords /nowhere/passwords
	status_is 66 && one_line kvm-mjpeg-httpd && [[ $stderr == */nowhere/passwords* ]]
}

@test "a name with control bytes in it is told in one line, and is safe to show" {
	name=$'/nowhere/\e[31m\na\xff'
	for command in 'kvm-capture -n 1 -o /dev/null -d' 'kvm-type --dry-run --file' \
		'kvm-gadget-setup up --script --config' 'kvm-mjpeg-httpd --passwords' \
		'kvm-type --dry-run --no-such' 'kvm-capture --no-such' 'kvm-gadget-setup --profile' 'kvm-mjpeg-httpd -l'; do
		# shellcheck disable=SC2086  # split into words
		run --separate-stderr $command "$name"
		[ "$status" -ne 0 ] && one_line "${command%% *}" && [[ $stderr == *'/nowhere/\x1b[31m\x0aa\xff'* ]] ||
			{ echo "$command: $stderr"; false; }
	done
}

@test "a full disk is an I/O error (74), never silence" {
	for tool in $TOOLS; do
		run bash -c "$(prints "$tool") 2>&1 >/dev/full"
		status_is 74
		[[ $output == "$tool: "*"No space left on device"* ]]
	done
}

@test "a closed stdout is an I/O error (74), and no file of ours becomes stdout" {
	for tool in $TOOLS; do
		run bash -c "$(prints "$tool") 2>&1 >&-"
		status_is 74
		[[ $output == "$tool: "* ]]
	done
}

@test "closed stdin and stderr change nothing" {
	for tool in $TOOLS; do
		run bash -c "$(prints "$tool") <&- 2>&- >/dev/null"
		status_is 0
	done
}

@test "a reader that went away: dies of SIGPIPE, silently" {
	held "$BATS_TEST_TMPDIR/pipe"
	exec 8>"$BATS_TEST_TMPDIR/pipe" 9>&- # the reader has gone
	for tool in kvm-capture kvm-type; do
		run bash -c "$(waits "$tool") <<<'key a' >&8"
		status_is 141
		[ -z "$output" ]
	done
}

# stops TOOL SIGNAL: ends a running tool with a signal; returns its status.
stops() {
	local said=$BATS_TEST_TMPDIR/said written=$BATS_TEST_TMPDIR/written ended=0
	rm -f "$said" "$written"
	# A shell starts background jobs with SIGINT ignored: env(1) restores the default.
	# shellcheck disable=SC2046  # split into words
	env --default-signal=INT $(waits "$1") <"$BATS_TEST_TMPDIR/input" >"$written" 2>"$said" 3>&- &
	echo keydown shift >&9
	eventually eval '[ -s "$said" ] || [ -s "$written" ]' # the tool is at work
	kill "-$2" $!
	wait $! || ended=$?
	echo "$1 on SIG$2: $ended $(cat "$said")" >&2
	return $ended
}

@test "filters clean up and die of the signal that stops them" {
	held "$BATS_TEST_TMPDIR/input"
	for tool in kvm-capture kvm-type; do
		for signal in TERM INT HUP; do
			run stops $tool $signal
			status_is $((128 + $(kill -l $signal)))
		done
	done
}

@test "the daemon drains and exits 0 (SIGHUP makes it read its files again)" {
	held "$BATS_TEST_TMPDIR/input"
	for signal in TERM INT; do
		run stops kvm-mjpeg-httpd $signal
		status_is 0
	done
}

@test "each man page and --help list the same options" {
	for tool in $TOOLS; do
		run --separate-stderr "$tool" --help-all
		[ "$status" -eq 0 ] || run --separate-stderr "$tool" --help
		grep -oE '(^|[ ,])--?[a-zA-Z0-9][a-z0-9-]*' <<<"$output" | tr -d ' ,' |
			sort -u >"$BATS_TEST_TMPDIR/in-help"
		# mdoc: .It Fl d , -device Ar device (or , Fl -device)
		grep '^\.It Fl ' "$BATS_TEST_DIRNAME/../../man/$tool".[18] | sed 's/, Fl /, /g' |
			grep -oE '(Fl|,) -?[a-zA-Z0-9][a-z0-9-]*' | sed -E 's/^(Fl|,) /-/' |
			sort -u >"$BATS_TEST_TMPDIR/in-man"
		diff "$BATS_TEST_TMPDIR/in-help" "$BATS_TEST_TMPDIR/in-man" ||
			{ echo "$tool: --help (<) and man page (>) differ"; false; }
	done
}

@test "make install puts the tools and pages in place, uninstall leaves nothing" {
	root=$BATS_TEST_TMPDIR/root
	cd "$BATS_TEST_DIRNAME/../.."
	built=${BIN#"$PWD"/}
	scripts/install-files install "$root" /usr/local "$built"
	for tool in $TOOLS; do
		[ -x "$root/usr/local/bin/$tool" ]
		ls "$root"/usr/local/share/man/man[18]/"$tool".[18]
	done
	mkdir -p "$root/usr/local/share/theirs"
	scripts/install-files uninstall "$root" /usr/local "$built"
	[ "$(find "$root" -type f | wc -l)" -eq 0 ]
	[ -d "$root/usr/local/share/theirs" ]
	[ ! -d "$root/usr/local/bin" ]
}
