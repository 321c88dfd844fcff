// The keyboard's lights as last told by the host: it says them once, every kvm-type wants to know.
#pragma once

#include <cstdint>
#include <optional>

namespace kvm {

// The output report, kept in /run/kvm/leds. Where that cannot be written there is no memory.
void remember_leds(std::uint8_t report) noexcept;
std::optional<std::uint8_t> remembered_leds() noexcept;

}  // namespace kvm
