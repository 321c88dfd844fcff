#include "http/reply.h"

#include "base/json.h"

namespace kvm {

Answer failure(int status, const std::string& why, Fields headers) {
  headers.emplace_back("Cache-Control", "no-store");
  return {status, "application/json", Json::object({{"ok", false}, {"why", why}}).text() + "\n",
          std::move(headers)};
}

}  // namespace kvm
