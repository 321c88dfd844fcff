// Counts of frames and lost pictures over some seconds, and the line that reports them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "capture/source.h"
#include "jpeg/clean_mjpeg.h"

namespace kvm {

class Statistics {
 public:
  // These pictures were lost since the last call.
  void lost(const Losses& losses) noexcept;
  // A picture with this sequence number has arrived. Gaps in the sequence that the losses since the
  // last picture do not explain count as missed.
  void arrived(std::uint64_t sequence) noexcept;
  void late() noexcept { ++counts_.late; }
  void unchanged() noexcept { ++counts_.unchanged; }
  void damaged(JpegFault fault) { ++counts_.damaged[fault]; }
  // `age_us`: from the picture's first pixel until the frame was written.
  void sent(std::size_t bytes, std::int64_t age_us) noexcept;

  // The sequence number of the picture that arrived last; 0 before the first picture.
  std::uint64_t last_sequence() const noexcept { return last_sequence_.value_or(0); }

  // Returns "1920x1080, 30.0 frames/s of 51200 bytes, 4.1 ms old; 3 unchanged, 0 late, 0 missed",
  // then sets the counts to 0.
  std::string report(int width, int height, double seconds);

 private:
  struct Counts {
    std::uint64_t sent = 0, unchanged = 0, late = 0, missed = 0, flawed = 0;
    std::int64_t age_us = 0, bytes = 0;  // sums over the frames sent
    std::map<JpegFault, std::uint64_t> damaged;
  };

  Counts counts_;
  std::uint64_t lost_ = 0;  // since the last picture
  std::optional<std::uint64_t> last_sequence_;
};

}  // namespace kvm
