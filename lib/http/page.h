// The files of the console page (lib/http/page/). scripts/embed builds them into the binary.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kvm {

struct PageFile {
  std::string_view name;                      // "index.html"
  std::span<const std::uint8_t> bytes, gzip;  // plain and compressed; static storage
};

std::span<const PageFile> page_files() noexcept;

}  // namespace kvm
