#include "net/sessions.h"

namespace kvm {

namespace {
constexpr std::size_t kMostOfOneUser = 50, kMost = 1000;
}  // namespace

const User& Sessions::begin(const std::string& key, const User& user, std::int64_t now_us) {
  std::erase_if(sessions_, [&](const auto& entry) { return now_us > entry.second.until_us; });
  if (!sessions_.contains(key)) {
    make_room(kMostOfOneUser, [&](const User& other) { return other.name == user.name; });
    make_room(kMost, [](const User&) { return true; });
  }
  const auto [place, fresh] =
      sessions_.insert_or_assign(key, Session{{user.name, user.role, key}, now_us + kLastsUs});
  return place->second.user;
}

// Counts the sessions whose user satisfies `counts`. If there are `most` of them or more, ends the
// one that was unused for longest.
void Sessions::make_room(std::size_t most, const std::function<bool(const User&)>& counts) {
  std::size_t count = 0;
  auto oldest = sessions_.end();
  for (auto entry = sessions_.begin(); entry != sessions_.end(); ++entry) {
    if (!counts(entry->second.user)) continue;
    ++count;
    if (oldest == sessions_.end() || entry->second.until_us < oldest->second.until_us)
      oldest = entry;
  }
  if (count >= most) sessions_.erase(oldest);
}

std::optional<User> Sessions::use(const std::string& key, std::int64_t now_us) {
  const auto found = sessions_.find(key);
  if (found == sessions_.end()) return std::nullopt;
  if (now_us > found->second.until_us) {
    sessions_.erase(found);
    return std::nullopt;
  }
  found->second.until_us = now_us + kLastsUs;
  return found->second.user;
}

bool Sessions::lasts(const std::string& key, std::int64_t now_us) const {
  const auto found = sessions_.find(key);
  return found != sessions_.end() && now_us <= found->second.until_us;
}

void Sessions::end_if(const std::function<bool(const User&)>& ends) {
  std::erase_if(sessions_, [&](const auto& entry) { return ends(entry.second.user); });
}

}  // namespace kvm
