# Shared by the .bats files here: `load common`.
load ../cli/common
SRC=$BATS_TEST_DIRNAME/../..
T=$BATS_TEST_TMPDIR
export LC_ALL=C
