// Runs a tool: opens missing standard descriptors, catches exceptions, returns the exit code.
#pragma once

#include <functional>

#include "base/error.h"

namespace kvm {

// Runs `body` and returns the exit code of the process. An Error becomes one line on stderr;
// Stopped kills the process with its signal; ReaderLeft kills it with SIGPIPE. Before
// `body`, opens those of the descriptors 0 to 2 that are closed. After `body`, flushes stdout; if
// that fails (full disk), the exit code is Exit::kIo.
int run_tool(const std::function<Exit()>& body) noexcept;

}  // namespace kvm
