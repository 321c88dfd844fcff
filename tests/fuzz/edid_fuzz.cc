// parse_edid() accepts or refuses any bytes without a crash.
#include "base/error.h"
#include "capture/edid.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto edid = kvm::parse_edid({data, size}, "fuzz");
    if (edid.size() % kvm::kEdidBlock != 0) __builtin_trap();
    kvm::edid_name(edid);
  } catch (const kvm::Error&) {
  }
  return 0;
}
