#include "usb/gadget_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <optional>

#include "base/clock.h"
#include "base/poller.h"
#include "base/write_error.h"
#include "usb/gadget_status.h"

namespace kvm {
namespace {

std::string local_time() {
  const std::time_t now = static_cast<std::time_t>(unix_us() / 1'000'000);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%FT%T%z ", &parts);
  return text;
}

// The kernel reports a change of the controller's state to poll(2), but no other change. So this
// returns after half a second at the latest.
void wait_for_change(const GadgetStatus& status, Poller& poller) {
  Fd state;
  if (status.udc) {
    state.reset(::open(udc_state_path(status.udc->name).c_str(), O_RDONLY | O_CLOEXEC));
    char text[64];
    [[maybe_unused]] const ssize_t n = state ? ::read(state.get(), text, sizeof text) : 0;
  }
  poller.wait(state.get(), POLLPRI, std::chrono::milliseconds(500));
}

}  // namespace

Exit print_status(StatusFormat format) {
  const GadgetStatus status = read_status(Gadget());
  std::puts(format == StatusFormat::kJson ? to_json(status).text().c_str()
                                          : describe(status).c_str());
  return status.configured() ? Exit::kDone : Exit::kNo;
}

void watch_status(StatusFormat format, StopSignals& stop) {
  Poller poller(stop);
  std::optional<GadgetStatus> last;
  for (;;) {
    const GadgetStatus status = read_status(Gadget());
    if (status != last) {
      std::puts(format == StatusFormat::kJson ? to_json(status).text().c_str()
                                              : (local_time() + summarize(status)).c_str());
      if (std::fflush(stdout) != 0) throw_write_error(STDOUT_FILENO, "stdout");
      last = status;
    }
    wait_for_change(status, poller);
  }
}

}  // namespace kvm
