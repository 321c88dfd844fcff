#include "base/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "base/fd.h"

namespace kvm {
namespace {

// Plays systemd: binds a socket to `name`, calls notify(), and returns what arrives.
std::string told(const std::string& name, const char* lines) {
  const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  EXPECT_EQ(0, ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address),
                      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())));
  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  notify(lines);
  ::unsetenv("NOTIFY_SOCKET");
  char text[100];
  const auto size = ::recv(fd.get(), text, sizeof text, 0);
  return size < 0 ? "" : std::string(text, static_cast<std::size_t>(size));
}

TEST(Notify, ReachesAFileAndAnAbstractName) {
  const std::string file = testing::TempDir() + "notify-" + std::to_string(::getpid());
  EXPECT_EQ("READY=1\nSTATUS=x", told(file, "READY=1\nSTATUS=x"));
  ::unlink(file.c_str());
  EXPECT_EQ("READY=1", told("@kvmpi-test-" + std::to_string(::getpid()), "READY=1"));
}

TEST(Notify, WithoutAManagerIsSilent) {
  notify("READY=1");
  ::setenv("NOTIFY_SOCKET", "/nowhere/notify", 1);
  notify("READY=1");
  ::setenv("NOTIFY_SOCKET", std::string(500, 'x').c_str(), 1);
  notify("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
}

TEST(Notify, WatchdogIsForTheProcessThatItNames) {
  EXPECT_EQ(std::nullopt, watchdog_us());
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  EXPECT_EQ(2'000'000, watchdog_us());
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(2'000'000, watchdog_us());
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(std::nullopt, watchdog_us());
  ::unsetenv("WATCHDOG_PID");
  ::setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_EQ(std::nullopt, watchdog_us());
  ::unsetenv("WATCHDOG_USEC");
}

}  // namespace
}  // namespace kvm
