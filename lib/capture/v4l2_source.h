// A V4L2 device as a source that recovers when the signal is lost, the resolution changes or the
// device is unplugged.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/usual_interval.h"
#include "capture/media_pipeline.h"
#include "capture/source.h"
#include "capture/v4l2_choice.h"
#include "capture/v4l2_signal.h"

namespace kvm {

// The user's wishes. Everything else is chosen each time the device is opened.
struct V4l2Wishes {
  std::string device = "auto";  // as resolve_device() takes it
  std::optional<Size> size;
  std::optional<Rate> rate;
  std::optional<std::uint32_t> fourcc;
  std::string input;     // as set_input() takes it; empty: the device's current input
  std::string standard;  // as set_standard() takes it; empty: the input's current standard
  std::vector<std::pair<std::string, std::string>> controls;  // name, value
  std::vector<std::uint8_t> edid;  // empty: default_edid(), if the device has no EDID
  bool wait = false;               // treat a device that is missing at the start like a lost device
  V4l2Hints hints;
};

class V4l2Source : public CaptureSource {
 public:
  // Throws Error if the device cannot be opened or set up. A missing signal is not an error; with
  // `wait`, neither is a missing device.
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
  void open_node(V4l2Node node);
  void offer_edid(Bytes edid);
  std::int64_t stall_us() const;
  std::vector<V4l2Node> find_again() const;
  const V4l2Port& port() const { return pipeline_ ? pipeline_->receiver() : *node_; }
  void start();
  void start_in(const Choice& choice);
  void stop() noexcept;
  void forget_node() noexcept;
  void lose_device(const std::string& why);
  void check_signal();
  void lose_signal(Signal signal);
  void drain();
  void check_device();

  const V4l2Wishes wishes_;
  // Identity of the device that delivered pictures, to recognize it under another number. Empty
  // until a picture has come.
  std::string driver_, card_, bus_;
  // Buses of the devices that remained when the device was lost.
  std::vector<std::string> others_;
  std::optional<V4l2Node> node_;
  std::optional<MediaPipeline> pipeline_;
  std::shared_ptr<V4l2Stream> stream_;
  bool has_events_ = false;
  std::optional<v4l2_dv_timings> timings_;
  Signal signal_ = Signal::kSteady;
  PictureFormat format_;
  double hz_ = 0;

  SourceState state_ = SourceState::kLive;
  std::string reason_;
  // Monotonic times.
  std::int64_t now_us_ = 0;
  // When the last picture came or the wait for pictures began, whichever was later.
  std::int64_t picture_us_ = 0;
  UsualInterval pictures_;
  // Monotonic time of the last picture that the driver flagged, or that was empty.
  std::int64_t flawed_us_ = 0;
  bool torn_ = false;            // the next picture may be torn
  std::int64_t started_us_ = 0;  // when the stream started
  std::int64_t revive_us_ = 0;   // a duration: a stalled stream runs this long before a restart
  std::int64_t check_us_ = 0;    // when to check the signal or look for the device again
  std::optional<Picture> newest_;
  std::uint64_t base_ = 0;      // added to the driver's sequence, which starts at 0 with the stream
  std::uint64_t sequence_ = 0;  // of the newest picture
  std::int64_t time_us_ = 0;    // of the newest picture, unix time
  Losses losses_;
};

}  // namespace kvm
