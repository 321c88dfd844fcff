// The two mice of the gadget, played as one: absolute and relative movement, buttons, wheels.
#pragma once

#include <functional>

#include "keys/action.h"
#include "type/report_sink.h"

namespace kvm {

class Mice {
 public:
  // Borrows the sink; reports go through `send`.
  Mice(ReportSink& sink, std::function<void(const Report&)> send)
      : sink_(sink), send_(std::move(send)) {}

  // x, y: 0.0–1.0 of the screen; dx, dy: counts, right and down positive. While the device is busy
  // movement waits, and what comes next is added to it.
  void move_to(double x, double y);
  void move_by(int dx, int dy);
  // Sends what waits.
  void flush() { send_moves(true); }

  // Goes down on the device that moved last, or on the pointer where there is no mouse; comes up
  // wherever it is down. Throws Error (Exit::kNoInput) where there is only a pointer that was not
  // placed yet: its reports say where it is.
  void set_button(Button button, bool down);
  // Notches, up and right positive; of the same device.
  void turn_wheel(int notches, int hnotches);

  // Buttons come up; the reports are sent, or only known after forget().
  void release_all();
  void forget() noexcept;

  bool idle(HidDevice device) const noexcept { return buttons(device) == 0; }
  // The buttons as they are, nothing moved.
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
  std::function<void(const Report&)> send_;
  PointerState pointer_;
  MouseState mouse_;
  HidDevice in_use_ = HidDevice::kMouse;  // moved last
  bool pointer_moved_ = false;            // waits to be sent
  bool pointer_placed_ = false;           // ever
  int dx_ = 0, dy_ = 0;                   // wait to be sent
};

}  // namespace kvm
