// Memory that clients make the server hold, such as bodies of requests: limited for each user and
// in all, so that nobody can use it up, and one user cannot use up another's.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

namespace kvm {

class Quota {
 public:
  Quota(std::size_t per_user_bytes, std::size_t in_all_bytes)
      : per_user_(per_user_bytes), in_all_(in_all_bytes) {}
  Quota(const Quota&) = delete;
  Quota& operator=(const Quota&) = delete;

  // The bytes that one request or connection of a user holds. Its destructor gives them back.
  class Share {
   public:
    Share(Quota& quota, std::string user) : quota_(&quota), user_(std::move(user)) {}
    ~Share() { resize(0); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // Makes the share this large. false: that is more than the quota allows, and the share stays as
    // it is. Making it smaller always succeeds.
    bool resize(std::size_t bytes);

   private:
    Quota* quota_;
    std::string user_;
    std::size_t bytes_ = 0;
  };

 private:
  std::size_t per_user_, in_all_, used_ = 0;
  std::map<std::string, std::size_t> used_by_;  // without users who hold nothing
};

}  // namespace kvm
