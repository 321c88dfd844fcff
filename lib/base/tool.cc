#include "base/tool.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <new>

#include "base/message.h"
#include "base/signals.h"
#include "base/write_error.h"

namespace kvm {

// If descriptor 0, 1 or 2 is closed, the next opened file would get its number and, for example,
// receive the output that is meant for stdout. The placeholder is opened in the wrong direction, so
// that using it fails with EBADF, as with a closed descriptor.
static void reserve_standard_fds() noexcept {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    [[maybe_unused]] const int opened = ::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
  }
}

static Exit finish_stdout(Exit exit) {
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) throw_write_error(STDOUT_FILENO, "stdout");
  return exit;
}

int run_tool(const std::function<Exit()>& body) noexcept {
  reserve_standard_fds();
  try {
    return static_cast<int>(finish_stdout(body()));
  } catch (const Stopped& stopped) {
    die_of(stopped.signal);
  } catch (const ReaderLeft&) {
    die_of(SIGPIPE);
  } catch (const Error& error) {
    say(error.what());
    return static_cast<int>(error.exit());
  } catch (const std::bad_alloc&) {
    say("out of memory");
    return static_cast<int>(Exit::kOs);
  } catch (const std::exception& error) {
    say(std::string("internal error: ") + error.what());
    return static_cast<int>(Exit::kBug);
  }
}

}  // namespace kvm
