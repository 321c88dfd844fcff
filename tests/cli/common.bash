# Shared by all .bats files: `load common`. BIN is where the tools are.
bats_require_minimum_version 1.5.0
: "${BIN:=$BATS_TEST_DIRNAME/../../build/release/bin}"
export BIN
PATH=$BIN:$PATH
TOOLS="kvm-capture kvm-mjpeg-httpd kvm-type kvm-gadget-setup"

# status_is N: the last `run` ended with N; shows what it said when it did not.
status_is() {
	[ "$status" -eq "$1" ] || { echo "status $status, wanted $1: $output ${stderr-}"; return 1; }
}
# one_line TOOL: stderr of the last `run --separate-stderr` is one line that names the tool.
one_line() {
	[[ $stderr == "$1: "* && $stderr != *$'\n'* ]] || { echo "stderr: $stderr"; return 1; }
}
# eventually COMMAND...: waits until it holds. The limit is for what hangs, not for what is slow.
eventually() {
	local end=$((SECONDS + 30))
	until "$@"; do
		((SECONDS < end)) || { echo "does not come to hold: $*"; return 1; }
		command -p sleep 0.05 # not one that a test plays
	done
}

# ends_with STATUS PID: what was begun with `&` ends, and how.
ends_with() {
	local ended=0
	wait "$2" || ended=$?
	[ "$ended" -eq "$1" ] || { echo "status $ended, wanted $1"; return 1; }
}
# stop PID [STATUS]: tells a program of ours that runs on to stop; it dies of the signal, or ends so.
stop() {
	kill "$1"
	ends_with "${2-143}" "$1"
}
# sweep: for teardown: nothing that was begun with `&` (with setsid: nor its group) runs on. Only the
# shell knows which of them have not ended yet; a number that a test kept may be another's by now.
sweep() {
	local pid
	for pid in $(jobs -pr); do
		kill -KILL -- "-$pid" "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
}
# held NAME: a FIFO that stays open at both ends, as descriptor 9: who reads it meets no end.
held() {
	mkfifo "$1"
	exec 9<>"$1"
}

# on_device FOLDER COMMAND...: runs it with FOLDER playing /dev (tests/v4l2/README.md).
on_device() {
	local folder=$1 preload=$BATS_TEST_DIRNAME/../../build/release/libfakev4l2.so
	shift
	# ASan insists on being the first library.
	[[ $BIN != */asan/* || $1 != kvm-* ]] || preload=$(gcc -print-file-name=libasan.so):$preload
	${exec-} env LD_PRELOAD="$preload" FAKE_V4L2="$folder" "$@"
}
# The same for `&`: the job is the command itself, for kill and wait.
exec_on_device() {
	exec=exec on_device "$@"
}
