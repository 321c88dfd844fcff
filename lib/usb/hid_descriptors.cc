#include "usb/hid_descriptors.h"

#include <algorithm>
#include <array>

namespace kvm {
namespace {

template <std::size_t A, std::size_t B>
constexpr auto join(const std::array<std::uint8_t, A>& a, const std::array<std::uint8_t, B>& b) {
  std::array<std::uint8_t, A + B> all{};
  std::ranges::copy(b, std::ranges::copy(a, all.begin()).out);
  return all;
}

// The items of HID 1.11, appendix B.1, unchanged.
// clang-format off
constexpr std::uint8_t kKeyboardDescriptor[] = {
    0x05, 0x01,        // Usage Page (Generic Desktop)
    0x09, 0x06,        // Usage (Keyboard)
    0xa1, 0x01,        // Collection (Application)
    0x05, 0x07,        //   Usage Page (Key Codes)
    0x19, 0xe0,        //   Usage Minimum (Left Control)
    0x29, 0xe7,        //   Usage Maximum (Right GUI)
    0x15, 0x00,        //   Logical Minimum (0)
    0x25, 0x01,        //   Logical Maximum (1)
    0x75, 0x01,        //   Report Size (1)
    0x95, 0x08,        //   Report Count (8)
    0x81, 0x02,        //   Input (Data, Variable, Absolute): modifiers
    0x95, 0x01,        //   Report Count (1)
    0x75, 0x08,        //   Report Size (8)
    0x81, 0x01,        //   Input (Constant): reserved
    0x95, 0x05,        //   Report Count (5)
    0x75, 0x01,        //   Report Size (1)
    0x05, 0x08,        //   Usage Page (LEDs)
    0x19, 0x01,        //   Usage Minimum (Num Lock)
    0x29, 0x05,        //   Usage Maximum (Kana)
    0x91, 0x02,        //   Output (Data, Variable, Absolute): LEDs
    0x95, 0x01,        //   Report Count (1)
    0x75, 0x03,        //   Report Size (3)
    0x91, 0x01,        //   Output (Constant): padding
    0x95, 0x06,        //   Report Count (6)
    0x75, 0x08,        //   Report Size (8)
    0x15, 0x00,        //   Logical Minimum (0)
    0x26, 0xff, 0x00,  //   Logical Maximum (255)
    0x05, 0x07,        //   Usage Page (Key Codes)
    0x19, 0x00,        //   Usage Minimum (0)
    0x29, 0xff,        //   Usage Maximum (255)
    0x81, 0x00,        //   Input (Data, Array): keys
    0xc0,              // End Collection
};

// The boot mouse's collections and buttons (HID 1.11, appendix B.2), but with five buttons.
constexpr auto kButtonsAndAxes = std::to_array<std::uint8_t>({
    0x05, 0x01,        // Usage Page (Generic Desktop)
    0x09, 0x02,        // Usage (Mouse)
    0xa1, 0x01,        // Collection (Application)
    0x09, 0x01,        //   Usage (Pointer)
    0xa1, 0x00,        //   Collection (Physical)
    0x05, 0x09,        //     Usage Page (Buttons)
    0x19, 0x01,        //     Usage Minimum (1)
    0x29, 0x05,        //     Usage Maximum (5)
    0x15, 0x00,        //     Logical Minimum (0)
    0x25, 0x01,        //     Logical Maximum (1)
    0x95, 0x05,        //     Report Count (5)
    0x75, 0x01,        //     Report Size (1)
    0x81, 0x02,        //     Input (Data, Variable, Absolute): buttons
    0x95, 0x01,        //     Report Count (1)
    0x75, 0x03,        //     Report Size (3)
    0x81, 0x01,        //     Input (Constant): padding
    0x05, 0x01,        //     Usage Page (Generic Desktop)
    0x09, 0x30,        //     Usage (X)
    0x09, 0x31,        //     Usage (Y)
});

// Absolute X and Y, as on tablets, and both wheels (HUT 1.12: Wheel 4.2, AC Pan 15.6).
constexpr auto kPointerDescriptor = join(kButtonsAndAxes, std::to_array<std::uint8_t>({
    0x26, 0xff, 0x7f,  //     Logical Maximum (32767)
    0x75, 0x10,        //     Report Size (16)
    0x95, 0x02,        //     Report Count (2)
    0x81, 0x02,        //     Input (Data, Variable, Absolute): position
    0x09, 0x38,        //     Usage (Wheel)
    0x15, 0x81,        //     Logical Minimum (-127)
    0x25, 0x7f,        //     Logical Maximum (127)
    0x75, 0x08,        //     Report Size (8)
    0x95, 0x01,        //     Report Count (1)
    0x81, 0x06,        //     Input (Data, Variable, Relative): wheel
    0x05, 0x0c,        //     Usage Page (Consumer)
    0x0a, 0x38, 0x02,  //     Usage (AC Pan)
    0x81, 0x06,        //     Input (Data, Variable, Relative): horizontal wheel
    0xc0,              //   End Collection
    0xc0,              // End Collection
}));

// The boot protocol's 3 bytes (buttons, dx, dy), then both wheels.
constexpr auto kMouseDescriptor = join(kButtonsAndAxes, std::to_array<std::uint8_t>({
    0x09, 0x38,        //     Usage (Wheel)
    0x15, 0x81,        //     Logical Minimum (-127)
    0x25, 0x7f,        //     Logical Maximum (127)
    0x75, 0x08,        //     Report Size (8)
    0x95, 0x03,        //     Report Count (3)
    0x81, 0x06,        //     Input (Data, Variable, Relative): motion and wheel
    0x05, 0x0c,        //     Usage Page (Consumer)
    0x0a, 0x38, 0x02,  //     Usage (AC Pan)
    0x95, 0x01,        //     Report Count (1)
    0x81, 0x06,        //     Input (Data, Variable, Relative): horizontal wheel
    0xc0,              //   End Collection
    0xc0,              // End Collection
}));

// Consumer control and system control share one interface, so that they cost one endpoint. The
// usages end before AC Pan (0x238), which a host would take for a wheel.
constexpr std::uint8_t kControlsDescriptor[] = {
    0x05, 0x0c,        // Usage Page (Consumer)
    0x09, 0x01,        // Usage (Consumer Control)
    0xa1, 0x01,        // Collection (Application)
    0x85, kConsumerReportId,  //   Report ID
    0x15, 0x01,        //   Logical Minimum (1)
    0x26, 0x37, 0x02,  //   Logical Maximum (0x237)
    0x19, 0x01,        //   Usage Minimum (1)
    0x2a, 0x37, 0x02,  //   Usage Maximum (0x237)
    0x75, 0x10,        //   Report Size (16)
    0x95, 0x03,        //   Report Count (3)
    0x81, 0x00,        //   Input (Data, Array): consumer controls
    0xc0,              // End Collection
    0x05, 0x01,        // Usage Page (Generic Desktop)
    0x09, 0x80,        // Usage (System Control)
    0xa1, 0x01,        // Collection (Application)
    0x85, kSystemReportId,  //   Report ID
    0x16, 0x81, 0x00,  //   Logical Minimum (0x81)
    0x26, 0x83, 0x00,  //   Logical Maximum (0x83)
    0x19, 0x81,        //   Usage Minimum (System Power Down)
    0x29, 0x83,        //   Usage Maximum (System Wake Up)
    0x75, 0x08,        //   Report Size (8)
    0x95, 0x01,        //   Report Count (1)
    0x81, 0x00,        //   Input (Data, Array): system control
    0xc0,              // End Collection
};
// clang-format on

}  // namespace

const HidFunction kHidKeyboard{1, 1, 8, kKeyboardDescriptor};
const HidFunction kHidPointer{0, 0, 7, kPointerDescriptor};
const HidFunction kHidMouse{1, 2, 5, kMouseDescriptor};
const HidFunction kHidControls{0, 0, 7, kControlsDescriptor};

}  // namespace kvm
