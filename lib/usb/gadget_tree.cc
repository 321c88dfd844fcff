#include "usb/gadget_tree.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace kvm {
namespace {

int rank(std::string_view component) noexcept {
  static constexpr std::array<std::string_view, 8> kFirst = {
      "hid.keyboard", "hid.pointer", "hid.mouse",   "mass_storage.disc",
      "acm.serial",   "ncm.network", "ecm.network", "uac2.audio"};
  if (component == "UDC") return 30;
  if (component == "file") return 20;
  const auto found = std::find(kFirst.begin(), kFirst.end(), component);
  return static_cast<int>(found - kFirst.begin());
}

std::string_view take_component(std::string_view& path) noexcept {
  const std::size_t slash = path.find('/');
  const std::string_view component = path.substr(0, slash);
  path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
  return component;
}

std::optional<unsigned long long> number(std::string_view text) noexcept {
  unsigned long long value = 0;
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

bool PathOrder::operator()(std::string_view a, std::string_view b) const noexcept {
  while (!a.empty() && !b.empty()) {
    const std::string_view left = take_component(a), right = take_component(b);
    if (left == right) continue;
    const int left_rank = rank(left), right_rank = rank(right);
    return left_rank != right_rank ? left_rank < right_rank : left < right;
  }
  return a.size() < b.size();
}

const std::string& GadgetTree::value(const std::string& path) const {
  static const std::string none;
  const auto found = attributes.find(path);
  return found == attributes.end() ? none : found->second.value;
}

bool same_value(std::string_view path, std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (path.find("strings/") != path.npos || is_file(path, "report_desc")) return false;
  const auto left = number(a), right = number(b);
  return left && left == right;
}

std::string_view parent_of(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

bool is_below(std::string_view path, std::string_view directory) noexcept {
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

bool is_file(std::string_view path, std::string_view name) noexcept {
  const std::size_t slash = path.rfind('/');
  return slash != path.npos && path.substr(slash + 1) == name;
}

}  // namespace kvm
