// The body of a request while it arrives: how much of it is kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/reply.h"
#include "net/quota.h"

namespace kvm {

class Body {
 public:
  static constexpr std::size_t kLargest = 1 << 20;  // bytes
  // Anybody may send a body the size of a login form. For a larger body, the sender must be known
  // before the body is read.
  static constexpr std::size_t kLargestOfStranger = 4 << 10;  // bytes

  // The user who sends this body, against whose part of the quota a large one counts.
  void belongs_to(Quota& quota, const std::string& user) { share_.emplace(quota, user); }
  // Makes room in `body` for this many bytes, of the user that belongs_to() names. If that is too
  // much, this returns the answer that refuses the request.
  std::optional<Answer> reserve(std::string& body, std::size_t bytes);
  // Appends a piece to `body`. If the whole is too large, or takes too much memory, this returns
  // the answer that refuses the request.
  std::optional<Answer> append(std::string& body, std::string_view piece);
  // Gives the memory back. The body must be empty.
  void reset() noexcept { share_.reset(); }

 private:
  std::optional<Quota::Share> share_;
};

// The answer to a body that is too large.
Answer too_large();

}  // namespace kvm
