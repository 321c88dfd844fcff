// JSON, written and read. nlohmann's header costs ten seconds a file, so json.cc alone includes it.
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

// One JSON value to be written, as the text that says it: always valid JSON.
class Json {
 public:
  using Member = std::pair<std::string_view, Json>;

  Json() : text_("null") {}
  Json(bool value) : text_(value ? "true" : "false") {}
  template <std::integral Number>
  Json(Number value) : text_(std::to_string(value)) {}
  Json(double value);  // null where it is not finite
  // In quotes, escaped. Bytes that are not UTF-8 become U+FFFD.
  Json(std::string_view text);
  Json(const char* text) : Json(std::string_view(text)) {}
  Json(const std::string& text) : Json(std::string_view(text)) {}
  // null where there is no value.
  template <class T>
  Json(const std::optional<T>& value) : Json(value ? Json(*value) : Json()) {}

  // In the order given; the names are escaped, too.
  static Json object(const std::vector<Member>& members);
  static Json array(const std::vector<Json>& elements);
  template <class Range>
  static Json array_of(const Range& elements) {
    return array(std::vector<Json>(elements.begin(), elements.end()));
  }

  // On one line, without a line end.
  const std::string& text() const noexcept { return text_; }
  // Over several lines, indented by two spaces a level: for people.
  std::string pretty() const;

 private:
  std::string text_;
};

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
