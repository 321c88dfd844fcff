// The little of JSON that the server needs. nlohmann's header costs ten seconds a file: of the
// server's, json.cc alone includes it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvm {

// In quotes, escaped. Bytes that are no UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

// "true" or "false".
inline const char* json_bool(bool value) noexcept {
  return value ? "true" : "false";
}

// One object that somebody sent. Members that are absent or of another type read as nothing.
class JsonObject {
 public:
  // nullopt: no JSON, or no object.
  static std::optional<JsonObject> parse(std::string_view text);

  std::optional<std::string> text(const char* name) const;
  std::optional<std::uint64_t> number(const char* name) const;
  std::optional<bool> flag(const char* name) const;
  // Those of an array that are text.
  std::vector<std::string> texts(const char* name) const;

 private:
  struct Value;
  std::shared_ptr<const Value> value_;
};

}  // namespace kvm
