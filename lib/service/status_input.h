// kvm-type's status lines, read back from a FIFO.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "service/loop.h"

namespace kvm {

// One line, `{"keyboard":"ready","leds":["caps"],"done":17,"failed":0,"layout":"us",…}`.
struct KeyboardLine {
  // As viewers are told: `{"state":"ready","leds":["caps"],"done":17,"failed":0,"layout":"us"}`.
  std::string json;
  std::uint64_t done = 0, failed = 0;
};
// nullopt for what is no such line.
std::optional<KeyboardLine> read_keyboard_line(std::string_view line);

class StatusInput {
 public:
  // `on_change` is called after every line that says something new. Throws Error: the file must be
  // there (mkfifo(1) makes one).
  StatusInput(Loop& loop, const std::string& path,
              std::function<void(const KeyboardLine&)> on_change);

  // "null" before the first line.
  const std::string& json() const noexcept { return json_; }

 private:
  void ready();
  void line(std::string_view text);

  Loop& loop_;
  std::string path_;
  std::function<void(const KeyboardLine&)> on_change_;
  Fd fd_;
  std::string pending_;
  std::string json_ = "null";
};

}  // namespace kvm
