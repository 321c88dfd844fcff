// The error of a failed write, which depends on where the descriptor leads.
#pragma once

#include <cerrno>
#include <string>

namespace kvm {

// Thrown when the reader of standard output has left. Unwinding cleans up; then run_tool() kills
// the process with SIGPIPE, without a message.
struct ReaderLeft {};

// Throws for a write to `fd` that failed with `err`: ReaderLeft on EPIPE if `fd` leads to the same
// pipe or socket as standard output; otherwise Error, which names `name`.
[[noreturn]] void throw_write_error(int fd, const std::string& name, int err = errno);

}  // namespace kvm
