// A V4L2 device as a source that heals: signal lost and found, resolution changed, unplugged.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/source.h"
#include "capture/v4l2_listing.h"
#include "capture/v4l2_signal.h"

namespace kvm {

// What was asked for; what is not is chosen, anew each time the device comes back.
struct V4l2Wishes {
  std::string device;  // as resolve_device() takes it
  std::optional<Size> size;
  std::optional<Rate> rate;
  std::optional<std::uint32_t> fourcc;
  std::vector<std::pair<std::string, std::string>> controls;  // name, value
  std::vector<std::uint8_t> edid;  // empty: the default one, where the device has none
  bool wait = false;               // a device that is not there at first is one that was lost
};

class V4l2Source : public CaptureSource {
 public:
  // Throws Error where the device cannot be opened or set up; a missing signal is none,
  // and with `wait` nothing is.
  explicit V4l2Source(V4l2Wishes wishes);
  ~V4l2Source() override;

  int fd() const override;
  short events() const override;
  std::int64_t deadline_us() const override;
  void tick(std::int64_t now_us) override;
  std::optional<Picture> take() override { return std::exchange(newest_, std::nullopt); }
  View view(const Picture& picture) override;

  SourceState state() const override { return state_; }
  std::string reason() const override { return reason_; }
  int width() const override { return format_.width; }
  int height() const override { return format_.height; }
  double hz() const override { return hz_; }
  Losses take_losses() override { return std::exchange(losses_, {}); }

 private:
  void open();
  std::int64_t stall_us() const;
  std::string find_again() const;
  void start();
  void stop() noexcept;
  void lose(const std::string& why);
  void check_signal();
  void lack(Signal signal);
  void drain();
  void look_after();

  const V4l2Wishes wishes_;
  std::string driver_, card_, bus_;  // to know it again under another number
  std::vector<std::string> others_;  // buses of the devices that were there when it was lost
  std::optional<V4l2Node> node_;
  std::shared_ptr<V4l2Stream> stream_;
  bool has_events_ = false;
  std::optional<v4l2_dv_timings> timings_;
  Signal signal_ = Signal::kSteady;
  PictureFormat format_;
  double hz_ = 0;

  SourceState state_ = SourceState::kLive;
  std::string reason_;
  std::int64_t now_us_ = 0;
  std::int64_t picture_us_ = 0;  // when the last came, or could first be expected
  std::int64_t started_us_ = 0;  // when the stream did
  std::int64_t revive_us_ = 0;   // how long it may then deliver nothing before it starts anew
  std::int64_t check_us_ = 0;    // when to look after the signal or the device again
  std::optional<Picture> newest_;
  std::uint64_t base_ = 0, sequence_ = 0;
  std::int64_t time_us_ = 0;  // of the newest picture
  Losses losses_;
};

}  // namespace kvm
