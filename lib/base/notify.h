// Messages from a daemon to its service manager: sd_notify(3) without libsystemd.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kvm {

// Sends lines such as "READY=1" or "STATUS=text" to $NOTIFY_SOCKET. Does nothing if the variable is
// unset or the socket has no listener: a daemon also runs without a manager.
void notify(std::string_view lines) noexcept;

// The longest time that the manager allows between two "WATCHDOG=1" messages: $WATCHDOG_USEC.
// nullopt if that variable is unset or invalid, or if $WATCHDOG_PID names another process.
std::optional<std::int64_t> watchdog_us() noexcept;

}  // namespace kvm
