// The answers of /check, /layouts and /legends, as JSON.
#pragma once

#include <optional>
#include <string>

#include "format/layout.h"

namespace kvm {

class Layouts {
 public:
  // {"ok":true,"untypable":[{"char":"€","line":1,"column":3},…]}; at most 1000 are listed.
  // Throws Error: no such layout, or not UTF-8.
  std::string check(const std::string& layout, const std::string& text);
  // [{"name":"us","variant":"","title":"English (US)"},…]. Throws Error.
  const std::string& list();
  // {"1":["1","!","",""],…}: keys by their Linux name, format/legends.h. Throws Error.
  std::string legends(const std::string& layout);

 private:
  std::optional<Layout> last_;  // compiling one takes some 20 ms
  std::string list_;
};

}  // namespace kvm
