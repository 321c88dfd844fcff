// The facts that travel inside a frame: one COM segment right after SOI (kvm(7), FRAMES).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/io.h"

namespace kvm {

enum class SourceState { kLive, kNoSignal, kNoDevice, kStalled };

// "live", "no-signal", "no-device", "stalled": as in the COM segment and in JSON.
const char* name_of(SourceState state) noexcept;

struct FrameFacts {
  std::optional<std::int64_t> time_us;    // unix time of the first pixel
  std::optional<std::uint64_t> sequence;  // counts up; gaps are dropped frames
  SourceState state = SourceState::kLive;
};

// The COM segment, marker and length included: "kvm t=… n=… s=…". In the memory of `reuse`, for
// every frame has one.
std::string com_segment(const FrameFacts& facts, std::string reuse = {});

// What the image says of itself; defaults where it says nothing, or what cannot be: the time is
// from 1970 to the year 5138. Unknown words are passed over.
FrameFacts read_facts(Bytes image) noexcept;

// A frame in parts that need not lie together: one after the other they are the whole JPEG image.
using FrameParts = std::array<Bytes, 5>;

std::size_t size_of(const FrameParts& frame) noexcept;
std::vector<std::uint8_t> joined(const FrameParts& frame);

// The bytes between SOI and what follows our COM segment: 0 when the image has none.
std::size_t com_size(Bytes image) noexcept;

}  // namespace kvm
