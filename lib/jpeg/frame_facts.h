// The facts that travel inside a frame, in a COM segment (kvm(7), FRAMES).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/io.h"

namespace kvm {

// Whether pictures of the target come in, and if not, why.
enum class SourceState { kLive, kNoSignal, kNoDevice, kStalled };

// "live", "no-signal", "no-device", "stalled": as in the COM segment and in JSON. "none" for
// nullopt: no frame has reported a state yet.
const char* name_of(std::optional<SourceState> state) noexcept;

struct FrameFacts {
  std::optional<std::int64_t> time_us;    // unix time of the first pixel
  std::optional<std::uint64_t> sequence;  // counts up; a gap means dropped frames
  SourceState state = SourceState::kLive;
};

// The COM segment, marker and length included: "kvm t=… n=… s=…". Reuses the memory of `reuse`,
// because every frame needs a segment.
std::string com_segment(const FrameFacts& facts, std::string reuse = {});

// The facts in the image's comment. A fact that is missing or impossible has its default; a
// possible time lies between 1970 and the year 5138. Unknown words are ignored.
FrameFacts read_facts(Bytes image) noexcept;

// A frame as parts that may lie apart in memory; joined in order they are the whole JPEG image.
using FrameParts = std::array<Bytes, 9>;

std::size_t size_of(const FrameParts& frame) noexcept;
std::vector<std::uint8_t> joined(const FrameParts& frame);

// kvmpi's COM segment in the image, marker and length included; empty: the image has none. A reader
// finds it anywhere before SOF, because it was right after SOI in earlier versions.
Bytes find_com(Bytes image) noexcept;
// Whether this is the body of kvmpi's COM segment.
bool is_com_of_kvmpi(Bytes body) noexcept;

}  // namespace kvm
