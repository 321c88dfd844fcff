#include "type/hid_link.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "keys/key_names.h"
#include "type/player.h"

namespace kvm {
namespace {

using std::chrono::milliseconds;
namespace fs = std::filesystem;

// A USB host as HidLink sees it: a sysfs made of files, and a pseudo-terminal for the keyboard. The
// terminal's other end takes reports, remembers whether CapsLock is on, and answers with its light.
class PlayedHost {
 public:
  explicit PlayedHost(bool caps, milliseconds latency = {}) : caps_(caps), latency_(latency) {
    root_ = fs::path(testing::TempDir()) / strf("kvm-host-%d", ::getpid());
    const fs::path gadget = root_ / "sys/kernel/config/usb_gadget/kvm";
    const fs::path udc = root_ / "sys/class/udc/played";
    for (const fs::path& directory :
         {gadget / "functions/hid.keyboard", udc, root_ / "dev/char", memory()})
      fs::create_directories(directory);
    std::ofstream(gadget / "UDC") << "played\n";
    std::ofstream(gadget / "functions/hid.keyboard/dev") << "244:0\n";
    set_function("kvm");
    set_state("configured");
    int master = -1, slave = -1;
    char tty[64];
    EXPECT_EQ(::openpty(&master, &slave, tty, nullptr, nullptr), 0);
    termios raw{};
    ::cfmakeraw(&raw);
    ::tcsetattr(slave, TCSANOW, &raw);
    master_.reset(master);
    slave_.reset(slave);
    fs::create_symlink(tty, root_ / "dev/char/244:0");
    ::setenv("KVM_SYSFS_ROOT", root_.c_str(), 1);
    say_lights();
    taker_ = std::thread([this] { take(); });
  }
  ~PlayedHost() {
    slave_.reset();  // the only open descriptor: reading the other end fails now
    taker_.join();
    ::unsetenv("KVM_SYSFS_ROOT");
    fs::remove_all(root_);
  }
  PlayedHost(const PlayedHost&) = delete;
  PlayedHost& operator=(const PlayedHost&) = delete;

  void set_state(const char* state) {
    std::ofstream(root_ / "sys/class/udc/played/state") << state << "\n";
  }
  // Removes the gadget.
  void pull_down() {
    fs::remove_all(root_ / "sys/kernel/config/usb_gadget/kvm");
    set_function("");
  }
  // As if CapsLock were pressed at another keyboard of the host.
  void set_caps(bool on) {
    caps_ = on;
    say_lights();
  }
  bool caps() const noexcept { return caps_; }
  // Waits until the host has taken `length` letters (3 s at most). Returns the letters as it shows
  // them.
  std::string text(std::size_t length) const {
    for (int tries = 0; tries < 3000 && letters_ < length; ++tries)
      std::this_thread::sleep_for(milliseconds(1));
    return {text_.data(), letters_};
  }
  // Sends this process SIGTERM when the host has taken this number of letters.
  void stop_after(std::size_t letters) { stop_after_ = letters; }
  fs::path memory() const { return root_ / "run/kvm/hid"; }

 private:
  void set_function(const char* function) {
    std::ofstream(root_ / "sys/class/udc/played/function") << function << "\n";
  }
  void say_lights() {
    const char report = caps_ ? 2 : 0;
    EXPECT_EQ(::write(master_.get(), &report, 1), 1);
  }
  void take() {
    std::uint8_t report[8], before = 0;
    std::size_t size = 0;
    ssize_t n;
    while ((n = ::read(master_.get(), report + size, sizeof report - size)) > 0) {
      if ((size += static_cast<std::size_t>(n)) < sizeof report) continue;
      size = 0;
      if (report[2] != before) press(report[2], (report[0] & 2) != 0);
      before = report[2];
    }
  }
  void press(std::uint8_t usage, bool shift) {
    if (usage == 0x39) {
      caps_ = !caps_;
      std::this_thread::sleep_for(latency_);
      say_lights();
    } else if (const Key* key = find_key_usage(usage); key && letters_ < text_.size()) {
      text_[letters_] = static_cast<char>(key->name[0] - (shift != caps_ ? 'a' - 'A' : 0));
      if (++letters_ == stop_after_) ::kill(::getpid(), SIGTERM);
    }
  }

  fs::path root_;
  Fd master_, slave_;
  std::atomic<bool> caps_;
  milliseconds latency_;
  std::array<char, 64> text_{};
  std::atomic<std::size_t> letters_ = 0, stop_after_ = 0;
  std::thread taker_;
};

// The parts of a kvm-type process.
struct Typing {
  explicit Typing(StopSignals& stop, HidLinkOptions options = {.timeout = milliseconds(300)})
      : poller(stop), link(poller, options) {}
  Poller poller;
  HidLink link;
  Player player{link, Typist(Layout("us")), {.type_delay = milliseconds(5)}};
};

struct HidLinkTest : testing::Test {
  StopSignals stop;  // made before any thread, so that no thread takes the signal
};

TEST_F(HidLinkTest, LightsAreLeftForAllWhateverTheUmask) {
  const mode_t before = ::umask(0077);
  PlayedHost host(true);
  Typing(stop).player.type("a");
  ::umask(before);
  struct stat file = {};
  ASSERT_EQ(::stat((host.memory() / "leds").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0644u);
}

TEST_F(HidLinkTest, LightsThatCouldNotBeKeptAreBetterThanThoseThatWere) {
  PlayedHost host(false);
  Typing(stop).player.type("a");
  EXPECT_EQ(host.text(1), "a");
  // From now on the lights cannot be remembered.
  const fs::path in_the_way = host.memory() / strf("leds.%d", ::getpid());
  fs::create_directories(in_the_way / "x");
  Typing typing(stop);
  host.set_caps(true);
  typing.player.type("b");
  typing.player.type("c");
  EXPECT_EQ(host.text(3), "abc");
  EXPECT_TRUE(host.caps());
}

TEST_F(HidLinkTest, LightsGoWithTheirHost) {
  PlayedHost host(true);
  Typing typing(stop);
  typing.player.type("a");
  ASSERT_TRUE(typing.link.known_leds());
  ASSERT_TRUE(fs::exists(host.memory() / "leds"));
  host.set_state("suspended");
  typing.link.refresh();
  EXPECT_TRUE(typing.link.known_leds());
  host.set_state("not attached");
  typing.link.refresh();
  EXPECT_FALSE(typing.link.known_leds());
  EXPECT_FALSE(fs::exists(host.memory() / "leds"));
}

TEST_F(HidLinkTest, NobodyIsThereToBeWoken) {
  PlayedHost host(false);
  const auto wake = [&] {
    try {
      Typing(stop).link.wake();
      return Exit::kDone;
    } catch (const Error& error) {
      return error.exit();
    }
  };
  EXPECT_EQ(wake(), Exit::kDone);  // the host is awake
  host.set_state("not attached");
  EXPECT_EQ(wake(), Exit::kBusy);
  host.pull_down();
  EXPECT_EQ(wake(), Exit::kNoInput);
}

TEST_F(HidLinkTest, CapsLockComesBackThoughASignalEndsTheText) {
  PlayedHost host(true);
  host.stop_after(3);
  {
    Typing typing(stop);
    EXPECT_THROW(typing.player.type("abcdefghijklmnopqrstuvwxyz"), Stopped);
  }
  EXPECT_TRUE(host.text(3).starts_with("abc"));
  for (int tries = 0; tries < 1000 && !host.caps(); ++tries)
    std::this_thread::sleep_for(milliseconds(1));
  EXPECT_TRUE(host.caps());
}

TEST_F(HidLinkTest, ALightThatComesLateDoesNotTurnTheNextText) {
  PlayedHost host(true, milliseconds(30));
  {
    Typing typing(stop);
    typing.player.type("a");
    typing.player.type("b");
  }
  Typing(stop).player.type("c");
  EXPECT_EQ(host.text(3), "abc");
  EXPECT_TRUE(host.caps());
}

}  // namespace
}  // namespace kvm
