// The answers of /check, /layouts and /legends, as JSON.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "keys/layout.h"

namespace kvm {

class Layouts {
 public:
  // {"ok":true,"untypable":[{"char":"€","line":1,"column":3},…]}; at most 1000 are listed.
  // Throws Error: no such layout, or not UTF-8.
  Json check(const std::string& layout, const std::string& text);
  // [{"name":"us","variant":"","title":"English (US)"},…]. Throws Error.
  const Json& list();
  // {"1":["1","!","",""],…}: keys by their Linux name, keys/legends.h. Throws Error.
  Json legends(const std::string& layout);

 private:
  std::optional<Layout> last_;  // compiling one takes some 20 ms
  std::optional<Json> list_;
};

}  // namespace kvm
