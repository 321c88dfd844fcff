// The built-in source: moving test pictures that need no device.
#pragma once

#include <poll.h>

#include "capture/source.h"
#include "picture/pattern.h"

namespace kvm {

class PatternSource : public CaptureSource {
 public:
  // `rate` is above 0. Throws Error.
  PatternSource(PatternKind kind, int width, int height, Rate rate);

  int fd() const override { return timer_.get(); }
  short events() const override { return POLLIN; }
  std::int64_t deadline_us() const override { return INT64_MAX; }
  void tick(std::int64_t now_us) override;
  std::optional<Picture> take() override { return std::exchange(newest_, std::nullopt); }
  View view(const Picture& picture) override;

  SourceState state() const override { return SourceState::kLive; }
  std::string reason() const override { return {}; }
  int width() const override { return width_; }
  int height() const override { return height_; }
  double hz() const override { return rate_.hz(); }
  Losses take_losses() override { return {}; }

 private:
  Pattern pattern_;
  int width_, height_;
  Rate rate_;
  Fd timer_;
  std::uint64_t ticks_ = 0;
  std::optional<Picture> newest_;
};

}  // namespace kvm
