#include "base/trusted_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace kvm {
namespace {

namespace fs = std::filesystem;

struct TrustedFiles : testing::Test {
  TrustedFiles() {
    fs::remove_all(home);
    for (const char* folder : {"", "/ours", "/open"}) fs::create_directory(home + folder);
    ::chmod((home + "/open").c_str(), 0777);
    for (const char* file : {"/ours/file", "/open/file"}) write(home + file, 0640);
  }
  ~TrustedFiles() override { fs::remove_all(home); }
  static void write(const std::string& path, mode_t mode) {
    std::ofstream(path) << "words";
    ::chmod(path.c_str(), mode);
  }
  // Why the file is refused; "" if it is read.
  std::string refusal(const std::string& file, Secrecy secrecy = Secrecy::kAnybodyReads) const {
    try {
      return read_trusted_file(home + file, secrecy) == "words" ? "" : "other words";
    } catch (const Error& error) {
      return error.what();
    }
  }
  std::string home = testing::TempDir() + "trusted." + std::to_string(::getpid());
};

TEST_F(TrustedFiles, AreReadAlsoThroughLinks) {
  EXPECT_EQ(refusal("/ours/file"), "");
  fs::create_symlink(home + "/ours/file", home + "/ours/link");
  fs::create_symlink("link", home + "/ours/relative");
  EXPECT_EQ(refusal("/ours/relative"), "");
}

// A FIFO would keep a server waiting that no signal ends.
TEST_F(TrustedFiles, AFifoOrAFolderIsNoFile) {
  ASSERT_EQ(::mkfifo((home + "/ours/fifo").c_str(), 0600), 0);
  EXPECT_NE(refusal("/ours/fifo").find("not a regular file"), std::string::npos);
  EXPECT_NE(refusal("/ours").find("not a regular file"), std::string::npos);
}

TEST_F(TrustedFiles, OthersMustNotReplaceThem) {
  EXPECT_NE(refusal("/open/file").find("/open: other users may replace files"), std::string::npos);
  fs::create_symlink(home + "/ours/file", home + "/open/link");
  EXPECT_NE(refusal("/open/link").find("/open: "), std::string::npos) << "the link is in the way";
  fs::create_symlink(home + "/open/link", home + "/ours/link");
  EXPECT_NE(refusal("/ours/link").find("/open: "), std::string::npos) << "also the second one";
  ::chmod((home + "/open").c_str(), 01777);
  EXPECT_EQ(refusal("/ours/link"), "") << "the sticky bit protects it";
}

TEST_F(TrustedFiles, OthersMustNotChangeThemNorReadSecrets) {
  write(home + "/ours/file", 0660);
  EXPECT_NE(refusal("/ours/file").find("chmod go-w"), std::string::npos);
  write(home + "/ours/file", 0644);
  EXPECT_EQ(refusal("/ours/file"), "");
  EXPECT_NE(refusal("/ours/file", Secrecy::kSecret).find("chmod o-r"), std::string::npos);
  write(home + "/ours/file", 0640);
  EXPECT_EQ(refusal("/ours/file", Secrecy::kSecret), "");
}

}  // namespace
}  // namespace kvm
