// Time-based one-time codes of six digits (RFC 6238, as authenticator apps show them).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvm {

// The bytes of a secret in base32; nullopt if it is malformed or shorter than 128 bits, the least
// that RFC 4226, 4 (R6) allows.
std::optional<std::string> totp_secret(std::string_view base32);

// The time step (30 s each, since 1970) to which the code belongs: that of `unix_s` or one of its
// neighbours, because clocks differ and people are slow (RFC 6238, 5.2). nullopt: a wrong code.
std::optional<std::int64_t> totp_step(const std::string& secret, const std::string& code,
                                      std::int64_t unix_s);

}  // namespace kvm
