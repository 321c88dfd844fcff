#include "http/body.h"

#include <algorithm>

namespace kvm {

std::optional<Answer> Body::append(std::string& body, std::string_view piece) {
  const std::size_t whole = body.size() + piece.size();
  if (whole > (share_ ? kLargest : kLargestOfStranger)) return too_large();
  if (share_ && whole > body.capacity())
    if (auto refused = reserve(body, std::min(kLargest, std::max(whole, 2 * body.capacity()))))
      return refused;
  body.append(piece);
  return std::nullopt;
}

std::optional<Answer> Body::reserve(std::string& body, std::size_t bytes) {
  if (!share_->resize(bytes))
    return failure(503, "too many large requests at the same time", {{"Retry-After", "1"}});
  body.reserve(bytes);
  return std::nullopt;
}

Answer too_large() {
  return failure(413, "the body is too large");
}

}  // namespace kvm
