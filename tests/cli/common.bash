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
# within SECONDS COMMAND...: the command comes to hold before the time is up.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}

# stop PID: tells a program of ours that runs on to stop; it dies of the signal.
stop() {
	local ended=0
	kill "$1"
	wait "$1" || ended=$?
	[ "$ended" -eq 143 ] || { echo "status $ended, wanted 143"; return 1; }
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
