// The two mice of the gadget, used as one: absolute and relative movement, buttons, wheels.
#pragma once

#include <functional>

#include "keys/action.h"
#include "type/report_sink.h"

namespace kvm {

// The part of the target's desktop on which positions lie, as parts of the whole. With several
// monitors the desktop is larger than the screen that is captured.
struct PointerArea {
  double x = 0, y = 0, width = 1, height = 1;
  // Whether the area is not empty and lies within 0.0–1.0.
  bool is_within_screen() const noexcept;
};

class Mice {
 public:
  // Borrows the sink; reports go through `send`.
  Mice(ReportSink& sink, PointerArea area, std::function<void(const Report&)> send)
      : sink_(sink), area_(area), send_(std::move(send)) {}

  // x, y: 0.0–1.0 of the area; dx, dy: counts, right and down positive. While the device is busy,
  // movement waits and further movement is added to it.
  void move_to(double x, double y);
  void move_by(int dx, int dy);
  // Sends the movement that waits.
  void flush() { send_moves(true); }

  // The button goes down on the device that moved last, or on the pointer if there is no mouse, and
  // comes up on every device on which it is down. Throws Error (Exit::kNoInput) if there is only a
  // pointer and it has no position yet, because each of its reports has to contain one.
  void set_button(Button button, bool down);
  // Notches, up and right positive. Uses the same device as set_button().
  void turn_wheel(int notches, int hnotches);

  // Releases all buttons at the host.
  void release_all();
  // Drops waiting movement and counts all buttons as released, without sending a report.
  void forget() noexcept;

  bool idle(HidDevice device) const noexcept { return buttons(device) == 0; }
  // The report of the current buttons, without movement.
  Report report(HidDevice device) const noexcept;

 private:
  std::uint8_t& buttons(HidDevice device) noexcept {
    return device == HidDevice::kPointer ? pointer_.buttons : mouse_.buttons;
  }
  const std::uint8_t& buttons(HidDevice device) const noexcept {
    return const_cast<Mice*>(this)->buttons(device);
  }
  HidDevice clicked() const;
  void send_moves(bool wait);

  ReportSink& sink_;
  PointerArea area_;
  std::function<void(const Report&)> send_;
  PointerState pointer_;
  MouseState mouse_;
  HidDevice in_use_ = HidDevice::kMouse;  // the device that moved last
  bool pointer_moved_ = false;            // the pointer's movement waits to be sent
  bool pointer_placed_ = false;           // the pointer was placed at least once
  int dx_ = 0, dy_ = 0;                   // the mouse's movement that waits to be sent
};

}  // namespace kvm
