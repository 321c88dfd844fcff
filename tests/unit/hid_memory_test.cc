#include "usb/hid_memory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace kvm {
namespace {

namespace fs = std::filesystem;

// The directory of the notes, as a member of its group may fill it.
struct HidMemory : testing::Test {
  HidMemory() {
    fs::create_directories(notes);
    ::setenv("KVM_SYSFS_ROOT", root.c_str(), 1);
  }
  ~HidMemory() override {
    ::unsetenv("KVM_SYSFS_ROOT");
    fs::remove_all(root);
  }
  fs::path root = testing::TempDir() + "hid_memory." + std::to_string(::getpid());
  fs::path notes = root / "run/kvm/hid";
};

TEST_F(HidMemory, KeepsWhatTheHostSaid) {
  EXPECT_FALSE(remembered_leds());
  EXPECT_TRUE(remember_leds(3));
  EXPECT_EQ(remembered_leds(), 3);
  EXPECT_TRUE(forget_leds());
  EXPECT_FALSE(remembered_leds());
}

TEST_F(HidMemory, AFifoDoesNotBlock) {
  ASSERT_EQ(::mkfifo((notes / "leds").c_str(), 0666), 0);
  EXPECT_FALSE(remembered_leds());
  EXPECT_TRUE(remember_leds(2));
  EXPECT_EQ(remembered_leds(), 2);
}

TEST_F(HidMemory, ALinkIsNotFollowed) {
  std::ofstream(root / "secret") << "\3";
  fs::create_symlink(root / "secret", notes / "leds");
  EXPECT_FALSE(remembered_leds());
  EXPECT_TRUE(remember_leds(2));
  std::string content;
  std::getline(std::ifstream(root / "secret"), content);
  EXPECT_EQ(content, "\3");
  EXPECT_FALSE(fs::is_symlink(notes / "leds"));
}

TEST_F(HidMemory, AnotherUsersDirectoryIsNotUsed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  EXPECT_TRUE(remember_leds(3));
  ASSERT_EQ(::chown(notes.c_str(), 65534, 65534), 0);
  EXPECT_FALSE(remembered_leds());
  EXPECT_FALSE(remember_leds(2));
}

TEST_F(HidMemory, ADirectoryForEverybodyIsNotUsed) {
  EXPECT_TRUE(remember_leds(3));
  fs::permissions(notes, fs::perms::all);
  EXPECT_FALSE(remembered_leds());
}

}  // namespace
}  // namespace kvm
