#include "service/json.h"

#include <nlohmann/json.hpp>

namespace kvm {

namespace {

using Json = nlohmann::json;
constexpr int kDeepest = 8;  // an attacker's brackets nest no further

}  // namespace

std::string json_string(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

struct JsonObject::Value {
  Json json;
  const Json* find(const char* name) const {
    const auto found = json.find(name);
    return found == json.end() ? nullptr : &*found;
  }
};

std::optional<JsonObject> JsonObject::parse(std::string_view text) {
  bool too_deep = false;
  const auto shallow = [&](int depth, Json::parse_event_t, Json&) {
    too_deep |= depth > kDeepest;
    return !too_deep;
  };
  Json json = Json::parse(text, shallow, false);
  if (too_deep || !json.is_object()) return std::nullopt;
  JsonObject object;
  object.value_ = std::make_shared<const Value>(Value{std::move(json)});
  return object;
}

std::optional<std::string> JsonObject::text(const char* name) const {
  const Json* const found = value_->find(name);
  if (!found || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<std::uint64_t> JsonObject::number(const char* name) const {
  const Json* const found = value_->find(name);
  if (!found || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

std::optional<bool> JsonObject::flag(const char* name) const {
  const Json* const found = value_->find(name);
  if (!found || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

std::vector<std::string> JsonObject::texts(const char* name) const {
  std::vector<std::string> all;
  const Json* const found = value_->find(name);
  if (found && found->is_array())
    for (const Json& one : *found)
      if (one.is_string()) all.push_back(one.get<std::string>());
  return all;
}

}  // namespace kvm
