# Shared by the .bats files here: `load common`.
load ../cli/common
SRC=$BATS_TEST_DIRNAME/../..
T=$BATS_TEST_TMPDIR
export LC_ALL=C

# answers SOCKET [PATH]: checks that a server answers on this Unix socket.
answers() { curl -sf --unix-socket "$1" -o /dev/null "http://localhost/${2-state}"; }
