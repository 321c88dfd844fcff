// Slows down guessing of passwords: an address that failed often has to wait.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace kvm {

// After 4 failures an address waits 2 s, and after each further failure twice as long, up to 64 s.
// After each wait, only one try is checked at a time. Failures are forgotten an hour after the last
// one. A success forgives nothing: otherwise a guesser with an account could log in between two
// guesses at another account. IPv6 addresses count by their /64 network.
class Throttle {
 public:
  // Seconds that this address has to wait at `now_us` (monotonic); 0: it may try.
  std::int64_t wait_s(const std::string& address, std::int64_t now_us) const;
  // A try begins. It counts like a failure until it ends.
  void begins(const std::string& address, std::int64_t now_us);
  void ends(const std::string& address, bool failed, std::int64_t now_us);

 private:
  struct Tries {
    int failures = 0, undecided = 0;
    std::int64_t last_us = 0;  // monotonic: the last failure; if none yet, the first try
  };
  std::map<std::string, Tries> tries_;  // by address or network
};

}  // namespace kvm
