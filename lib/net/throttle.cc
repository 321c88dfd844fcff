#include "net/throttle.h"

#include <algorithm>

#include "net/addresses.h"

namespace kvm {

namespace {

constexpr int kFreeFailures = 4, kMostDoublings = 5;
constexpr std::int64_t kFirstPauseUs = 2'000'000, kForgetUs = 3'600'000'000;
constexpr std::size_t kMostAddresses = 10'000;

}  // namespace

std::int64_t Throttle::wait_s(const std::string& address, std::int64_t now_us) const {
  const auto found = tries_.find(site_of(address));
  if (found == tries_.end()) return 0;
  const Tries& tries = found->second;
  if (tries.failures + tries.undecided < kFreeFailures) return 0;
  if (tries.undecided > 0) return 1;
  const std::int64_t pause_us = kFirstPauseUs
                                << std::min(tries.failures - kFreeFailures, kMostDoublings);
  return std::max<std::int64_t>(0, (tries.last_us + pause_us - now_us + 999'999) / 1'000'000);
}

void Throttle::begins(const std::string& address, std::int64_t now_us) {
  std::erase_if(tries_,
                [&](const auto& entry) { return now_us - entry.second.last_us > kForgetUs; });
  const std::string site = site_of(address);
  if (tries_.size() >= kMostAddresses && !tries_.contains(site))
    tries_.erase(std::min_element(tries_.begin(), tries_.end(), [](auto& a, auto& b) {
      return a.second.last_us < b.second.last_us;
    }));
  const auto [place, fresh] = tries_.try_emplace(site);
  if (fresh) place->second.last_us = now_us;
  ++place->second.undecided;
}

void Throttle::ends(const std::string& address, bool failed, std::int64_t now_us) {
  const auto found = tries_.find(site_of(address));
  if (found == tries_.end()) return;  // forgotten, to make room for another address
  Tries& tries = found->second;
  tries.undecided = std::max(0, tries.undecided - 1);
  if (failed) {
    ++tries.failures;
    tries.last_us = now_us;
  } else if (tries.failures + tries.undecided == 0) {
    tries_.erase(found);
  }
}

}  // namespace kvm
