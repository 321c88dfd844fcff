// What a daemon tells the service manager that started it: sd_notify(3) without libsystemd.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kvm {

// Sends lines such as "READY=1" or "STATUS=text" to $NOTIFY_SOCKET. Without one, or where nobody
// listens, nothing happens: a manager that went away is no reason to stop.
void notify(std::string_view lines) noexcept;

// How often "WATCHDOG=1" is expected at the latest: $WATCHDOG_USEC, when it is meant for us.
std::optional<std::int64_t> watchdog_us() noexcept;

}  // namespace kvm
