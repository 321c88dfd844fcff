#include "service/status_input.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/io.h"
#include "base/message.h"
#include "base/text.h"
#include "service/json.h"

namespace kvm {

namespace {
constexpr std::size_t kLongestLine = 64u << 10;
constexpr std::uint64_t kMostLines = 1'000'000'000'000'000;  // which a browser reads exactly
}  // namespace

std::optional<KeyboardLine> read_keyboard_line(std::string_view line) {
  const auto read = JsonObject::parse(line);
  const auto state = read ? read->text("keyboard") : std::nullopt;
  if (!state) return std::nullopt;
  std::string leds;
  for (const std::string& led : read->texts("leds"))
    leds += (leds.empty() ? "" : ",") + json_string(led);
  KeyboardLine all;
  all.done = std::min(read->number("done").value_or(0), kMostLines);
  all.failed = std::min(read->number("failed").value_or(0), kMostLines);
  all.json =
      strf("{\"state\":%s,\"leds\":[%s],\"done\":%llu,\"failed\":%llu,\"layout\":%s}",
           json_string(*state).c_str(), leds.c_str(), static_cast<unsigned long long>(all.done),
           static_cast<unsigned long long>(all.failed),
           json_string(read->text("layout").value_or("")).c_str());
  return all;
}

StatusInput::StatusInput(Loop& loop, const std::string& path,
                         std::function<void(const KeyboardLine&)> on_change)
    : loop_(loop), path_(path), on_change_(std::move(on_change)) {
  if (path.empty()) return;
  struct stat status = {};
  const bool fifo = ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
  // A FIFO that we hold open for writing, too, does not end when kvm-type is started anew.
  fd_ = open_fd(path, (fifo ? O_RDWR : O_RDONLY) | O_NONBLOCK, 0, "mkfifo makes one");
  if (!loop_.watch(fd_.get(), EPOLLIN, [this](std::uint32_t) { ready(); }))
    loop_.after(0, [this] { ready(); });
}

void StatusInput::ready() {
  std::uint8_t buffer[4096];
  while (fd_) {
    std::optional<std::size_t> n;
    try {
      n = read_some(fd_.get(), buffer, path_);
    } catch (const std::exception& error) {
      say(error.what());
      n = 0;
    }
    if (!n) return;
    if (*n == 0) {
      loop_.forget(fd_.get());
      fd_.reset();
      return;
    }
    pending_.append(as_text(Bytes(buffer).first(*n)));
    std::size_t end;
    while ((end = pending_.find('\n')) != pending_.npos) {
      line(std::string_view(pending_).substr(0, end));
      pending_.erase(0, end + 1);
    }
    if (pending_.size() > kLongestLine) pending_.clear();
  }
}

void StatusInput::line(std::string_view text) {
  const auto read = read_keyboard_line(text);
  if (!read || read->json == json_) return;
  json_ = read->json;
  on_change_(*read);
}

}  // namespace kvm
