// The frame around every tool: sane descriptors, one catch, the documented exit code.
#pragma once

#include <functional>

#include "base/error.h"

namespace kvm {

// Runs `body` and turns its end into an exit code: an Error becomes one line on stderr, Stopped
// becomes death by that signal. Sees to it that fds 0–2 are open before, and that what was printed
// to stdout arrived after (a full disk is Exit::kIo).
int run_tool(const std::function<Exit()>& body) noexcept;

}  // namespace kvm
