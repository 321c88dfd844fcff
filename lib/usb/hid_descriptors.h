// How our HID functions describe themselves to the host: report descriptors as data.
#pragma once

#include <cstdint>
#include <span>

namespace kvm {

// One HID function. usb/hid_report.h fills its reports.
struct HidFunction {
  int subclass;      // bInterfaceSubClass: 1 if firmware may speak the boot protocol to it
                     // (HID 1.11, 4.2)
  int protocol;      // bInterfaceProtocol: 0 none, 1 keyboard, 2 mouse (HID 1.11, 4.3)
  int report_bytes;  // of the longest report
  std::span<const std::uint8_t> descriptor;
};

// In: modifiers, 0, six usages. Out: one byte of LEDs.
extern const HidFunction kHidKeyboard;
// In: 5 buttons; X and Y, 0..32767 across the screen, little-endian; wheel; horizontal wheel.
extern const HidFunction kHidPointer;
// In: 5 buttons, dx, dy, wheel, horizontal wheel. The first three bytes are the boot protocol's.
extern const HidFunction kHidMouse;

// In, report kConsumerReportId: three consumer usages, little-endian, 0 where no key is down. In,
// report kSystemReportId: one usage of the page Generic Desktop, or 0.
extern const HidFunction kHidControls;
inline constexpr std::uint8_t kConsumerReportId = 1, kSystemReportId = 2;

}  // namespace kvm
