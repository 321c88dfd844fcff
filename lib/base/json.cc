#include "base/json.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace kvm {

namespace {

using Value = nlohmann::ordered_json;
constexpr int kDeepest = 8;  // levels; bounds the memory that a hostile text can take

}  // namespace

Json::Json(std::string_view text)
    : text_(Value(text).dump(-1, ' ', false, Value::error_handler_t::replace)) {}

Json::Json(double value) : text_("null") {
  if (!std::isfinite(value)) return;
  char digits[32];
  text_.assign(digits, std::to_chars(std::begin(digits), std::end(digits), value).ptr);
}

Json Json::object(const std::vector<Member>& members) {
  Json json;
  json.text_ = "{";
  for (const auto& [name, value] : members) {
    if (json.text_.size() > 1) json.text_ += ',';
    json.text_ += Json(name).text_ + ':' + value.text_;
  }
  json.text_ += '}';
  return json;
}

Json Json::array(const std::vector<Json>& elements) {
  Json json;
  json.text_ = "[";
  for (const Json& element : elements) {
    if (json.text_.size() > 1) json.text_ += ',';
    json.text_ += element.text_;
  }
  json.text_ += ']';
  return json;
}

std::string Json::pretty() const {
  return Value::parse(text_).dump(2);
}

struct JsonObject::Value {
  kvm::Value json;
  const kvm::Value* find(const char* name) const {
    const auto found = json.find(name);
    return found == json.end() ? nullptr : &*found;
  }
};

std::optional<JsonObject> JsonObject::parse(std::string_view text) {
  bool too_deep = false;
  const auto shallow = [&](int depth, kvm::Value::parse_event_t, kvm::Value&) {
    too_deep |= depth > kDeepest;
    return !too_deep;
  };
  kvm::Value json = kvm::Value::parse(text, shallow, false);
  if (too_deep || !json.is_object()) return std::nullopt;
  JsonObject object;
  object.value_ = std::make_shared<const Value>(Value{std::move(json)});
  return object;
}

std::optional<std::string> JsonObject::text(const char* name) const {
  const kvm::Value* const found = value_->find(name);
  if (!found || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<std::uint64_t> JsonObject::number(const char* name) const {
  const kvm::Value* const found = value_->find(name);
  if (!found || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

std::optional<bool> JsonObject::flag(const char* name) const {
  const kvm::Value* const found = value_->find(name);
  if (!found || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

std::vector<std::string> JsonObject::texts(const char* name) const {
  std::vector<std::string> texts;
  const kvm::Value* const found = value_->find(name);
  if (found && found->is_array())
    for (const kvm::Value& element : *found)
      if (element.is_string()) texts.push_back(element.get<std::string>());
  return texts;
}

}  // namespace kvm
