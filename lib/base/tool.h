// The frame around every tool: usable standard descriptors, the only catch, the exit code.
#pragma once

#include <functional>

#include "base/error.h"

namespace kvm {

// Runs `body` and returns the exit code of the process. An Error becomes one line on stderr;
// Stopped kills the process with its signal; EPIPE kills it with SIGPIPE. Opens descriptors 0 to 2
// before `body` if they are closed, and flushes stdout after it: a failed flush (full disk) is
// Exit::kIo.
int run_tool(const std::function<Exit()>& body) noexcept;

}  // namespace kvm
