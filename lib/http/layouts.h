// The answers of /check, /layouts and /legends, as JSON.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "keys/typist.h"

namespace kvm {

class Layouts {
 public:
  // The characters of `text` that a kvm-type with this layout and these options cannot type, at
  // most 1000 of them:
  // {"ok":false,"untypable":[{"char":"€","line":1,"column":3},…]}
  // Throws Error if there is no such layout or `text` is not UTF-8.
  Json check(const std::string& layout, const TypistOptions& options, const std::string& text);
  // [{"name":"us","variant":"","title":"English (US)"},…]. Throws Error if the list cannot be read.
  const Json& list();
  // The legends of each key (keys/legends.h), by its Linux name: {"1":["1","!","",""],…}. Throws
  // Error if there is no such layout.
  Json legends(const std::string& layout);

 private:
  std::optional<Typist> last_;  // kept because compiling a layout takes some 20 ms
  std::optional<Json> list_;
};

}  // namespace kvm
