// Writes and reads JSON. Only json.cc includes nlohmann's header, which takes ten seconds to
// compile.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvm {

// A JSON value to be written. Holds its text, which is always valid JSON.
class Json {
 public:
  using Member = std::pair<std::string_view, Json>;

  Json() : text_("null") {}
  Json(bool value) : text_(value ? "true" : "false") {}
  template <std::integral Number>
  Json(Number value) : text_(std::to_string(value)) {}
  Json(double value);  // null if `value` is not finite
  // Adds quotes and escapes. Bytes that are not UTF-8 become U+FFFD.
  Json(std::string_view text);
  Json(const char* text) : Json(std::string_view(text)) {}
  Json(const std::string& text) : Json(std::string_view(text)) {}
  // null if `value` is empty.
  template <class T>
  Json(const std::optional<T>& value) : Json(value ? Json(*value) : Json()) {}

  // Keeps the order of the members. Escapes their names, too.
  static Json object(const std::vector<Member>& members);
  static Json array(const std::vector<Json>& elements);
  template <class Range>
  static Json array_of(const Range& elements) {
    return array(std::vector<Json>(elements.begin(), elements.end()));
  }

  // The value on one line, without '\n'.
  const std::string& text() const noexcept { return text_; }
  // The value for people: over several lines, indented by two spaces per level.
  std::string pretty() const;

 private:
  std::string text_;
};

// A JSON object that was received. A member that is absent or has another type reads as nullopt.
class JsonObject {
 public:
  // nullopt: `text` is not JSON, is not an object, or is nested more than 8 levels deep.
  static std::optional<JsonObject> parse(std::string_view text);

  std::optional<std::string> text(const char* name) const;
  std::optional<std::uint64_t> number(const char* name) const;
  std::optional<bool> flag(const char* name) const;
  // The strings in the array `name`; its other elements are ignored. Empty if there is no array.
  std::vector<std::string> texts(const char* name) const;

 private:
  struct Value;
  std::shared_ptr<const Value> value_;
};

}  // namespace kvm
