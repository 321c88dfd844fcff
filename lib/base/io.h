// Complete reads and writes: these functions handle EINTR, short counts and EAGAIN.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kvm {

using Bytes = std::span<const std::uint8_t>;

inline Bytes as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Writes all of `data`; waits for room if fd is non-blocking. Throws Error, which names `name`.
void write_all(int fd, Bytes data, const std::string& name);
void write_all(int fd, std::string_view text, const std::string& name);

// One read(2): returns the count, 0 at the end of input, nullopt on EAGAIN. Throws Error, which
// names `name`.
std::optional<std::size_t> read_some(int fd, std::span<std::uint8_t> into, const std::string& name);

// Returns the content of a file ("-": stdin). Throws Error, with Exit::kData if the file is larger
// than `limit_bytes`.
std::string read_file(const std::string& path, std::size_t limit_bytes = 64u << 20);

// Reads until the end. `limit_bytes` and errors are as for read_file(); the Error names `name`.
std::string read_all(int fd, const std::string& name, std::size_t limit_bytes);

// Waits until fd has one of `events` (POLLIN…), then returns true. Returns false after `timeout`
// (nullopt: no limit). Stop signals do not end this wait; they end Poller::wait().
bool wait_for(int fd, short events, std::optional<std::chrono::milliseconds> timeout);

}  // namespace kvm
