#include "type/mice.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"

namespace kvm {
namespace {

// Movement beyond this many counts, which is many screens, is sent at once.
constexpr int kMostToWait = 1'000'000;

constexpr HidDevice kBoth[] = {HidDevice::kPointer, HidDevice::kMouse};

}  // namespace

bool PointerArea::is_within_screen() const noexcept {
  constexpr double kRounding = 1e-6;  // 1/3 and 2/3 may be written with a few digits
  return x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= 1 + kRounding &&
         y + height <= 1 + kRounding;
}

void Mice::move_to(double x, double y) {
  if (dx_ != 0 || dy_ != 0) flush();
  pointer_.x = area_.x + x * area_.width;
  pointer_.y = area_.y + y * area_.height;
  pointer_moved_ = pointer_placed_ = true;
  in_use_ = HidDevice::kPointer;
  send_moves(false);
}

void Mice::move_by(int dx, int dy) {
  if (pointer_moved_) flush();
  dx_ += dx;
  dy_ += dy;
  in_use_ = HidDevice::kMouse;
  send_moves(std::max(std::abs(dx_), std::abs(dy_)) > kMostToWait);
}

void Mice::send_moves(bool wait) {
  if (pointer_moved_ && (wait || !sink_.busy(HidDevice::kPointer))) {
    pointer_moved_ = false;
    send_(pointer_.report());
  }
  if ((dx_ == 0 && dy_ == 0) || (!wait && sink_.busy(HidDevice::kMouse))) return;
  const int steps = (std::max(std::abs(dx_), std::abs(dy_)) + 126) / 127;
  int sent_x = 0, sent_y = 0;
  for (int i = 1; i <= steps; ++i) {
    // Each report is the difference between two points on the straight line.
    const int x = static_cast<int>(std::int64_t{dx_} * i / steps);
    const int y = static_cast<int>(std::int64_t{dy_} * i / steps);
    send_(mouse_.report(x - sent_x, y - sent_y));
    sent_x = x;
    sent_y = y;
  }
  dx_ = dy_ = 0;
}

HidDevice Mice::clicked() const {
  const bool pointer_only = !sink_.has(HidDevice::kMouse) && sink_.has(HidDevice::kPointer);
  if (in_use_ == HidDevice::kPointer || !pointer_only) return in_use_;
  if (pointer_placed_) return HidDevice::kPointer;
  throw Error(Exit::kNoInput,
              "the gadget has no mouse, and its pointer has no position yet (mouseto sets one)");
}

void Mice::set_button(Button button, bool down) {
  const auto bit = static_cast<std::uint8_t>(1u << static_cast<unsigned>(button));
  if (down) {
    const HidDevice device = clicked();
    buttons(device) = static_cast<std::uint8_t>(buttons(device) | bit);
    return send_(report(device));
  }
  for (const HidDevice device : kBoth) {
    if ((buttons(device) & bit) == 0) continue;
    buttons(device) = static_cast<std::uint8_t>(buttons(device) & ~bit);
    send_(report(device));
  }
}

void Mice::turn_wheel(int notches, int hnotches) {
  const HidDevice device = clicked();
  while (notches != 0 || hnotches != 0) {
    const int v = std::clamp(notches, -127, 127), h = std::clamp(hnotches, -127, 127);
    send_(device == HidDevice::kPointer ? pointer_.report(v, h) : mouse_.report(0, 0, v, h));
    notches -= v;
    hnotches -= h;
  }
}

void Mice::release_all() {
  for (const HidDevice device : kBoth) {
    if (idle(device)) continue;
    buttons(device) = 0;
    send_(report(device));
  }
}

void Mice::forget() noexcept {
  pointer_.buttons = mouse_.buttons = 0;
  pointer_moved_ = false;
  dx_ = dy_ = 0;
}

Report Mice::report(HidDevice device) const noexcept {
  return device == HidDevice::kPointer ? pointer_.report() : mouse_.report();
}

}  // namespace kvm
