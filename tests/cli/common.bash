# Shared by all .bats files: `load common`. BIN is the folder of the tools.
bats_require_minimum_version 1.5.0
: "${BIN:=$BATS_TEST_DIRNAME/../../build/release/bin}"
export BIN
PATH=$BIN:$PATH
TOOLS="kvm-capture kvm-mjpeg-httpd kvm-type kvm-gadget-setup"

# status_is N: the last `run` ended with status N; shows its output if it did not.
status_is() {
	[ "$status" -eq "$1" ] || { echo "status $status, wanted $1: $output ${stderr-}"; return 1; }
}
# one_line TOOL: stderr of the last `run --separate-stderr` is one line that names the tool.
one_line() {
	[[ $stderr == "$1: "* && $stderr != *$'\n'* ]] || { echo "stderr: $stderr"; return 1; }
}
# json_is PATH VALUE [FILE]: checks a value in a JSON document, stdin by default (see the script).
json_is() { python3 "${BASH_SOURCE[0]%/*}/json_is" "$@"; }
# eventually COMMAND...: waits until the command succeeds. The limit ends a test that hangs; it is
# long enough for a slow machine.
eventually() {
	local end=$((SECONDS + 120)) said=$BATS_TEST_TMPDIR/eventually
	until "$@" >"$said" 2>&1; do
		((SECONDS < end)) || { echo "never succeeded: $*: $(cat "$said")"; return 1; }
		command -p sleep 0.05 # the test may have a `sleep` of its own in PATH
	done
}

# ends_with STATUS PID: waits for a job that was started with `&`; it must end with that status.
ends_with() {
	local ended=0
	wait "$2" || ended=$?
	[ "$ended" -eq "$1" ] || { echo "status $ended, wanted $1"; return 1; }
}
# stop PID [STATUS]: ends a job with SIGTERM; it must die of the signal, or end with STATUS.
stop() {
	kill "$1"
	ends_with "${2-143}" "$1"
}
# sweep: for teardown(): kills each job that was started with `&`, and its process group if it was
# started with setsid. It asks the shell which jobs still run, because a pid that a test kept may
# belong to another process by now.
sweep() {
	local pid
	for pid in $(jobs -pr); do
		kill -KILL -- "-$pid" "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
}
# held NAME: makes a FIFO and keeps both ends open as descriptor 9, so that a reader never
# gets end of file.
held() {
	mkfifo "$1"
	exec 9<>"$1"
}

# on_device FOLDER COMMAND...: runs a command that sees FOLDER as /dev (tests/v4l2/README.md).
on_device() {
	local folder=$1 preload=$BATS_TEST_DIRNAME/../../build/release/libfakev4l2.so
	shift
	${exec-} env LD_PRELOAD="$preload" FAKE_V4L2="$folder" "$@"
}
# The same, for use with `&`: the command replaces the subshell, so that $! is its pid.
exec_on_device() {
	exec=exec on_device "$@"
}
