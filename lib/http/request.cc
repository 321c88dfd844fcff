#include "http/request.h"

#include <strings.h>

#include <algorithm>

#include "base/text.h"

namespace kvm {

namespace {

const std::string* find(const Fields& fields, std::string_view name) {
  const auto found =
      std::ranges::find_if(fields, [&](const auto& field) { return same_word(field.first, name); });
  return found == fields.end() ? nullptr : &found->second;
}

std::optional<std::string> copy_of(const std::string* value) {
  return value ? std::optional(*value) : std::nullopt;
}

std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      plain.push_back(' ');
      continue;
    }
    unsigned char byte = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      const char* const digits = text.data() + i + 1;
      if (std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
        plain.push_back(static_cast<char>(byte));
        i += 2;
        continue;
      }
    }
    plain.push_back(text[i]);
  }
  return plain;
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view Request::header(std::string_view name) const {
  const std::string* const value = find(headers, name);
  return value ? std::string_view(*value) : "";
}

int Request::count(std::string_view name) const {
  return static_cast<int>(std::ranges::count_if(
      headers, [&](const auto& field) { return same_word(field.first, name); }));
}

std::optional<std::string> Request::query(std::string_view name) const {
  return copy_of(find(parameters, name));
}

std::optional<std::string> Request::cookie(std::string_view name) const {
  return copy_of(find(cookies, name));
}

std::optional<std::string> Request::form(std::string_view name) const {
  return form_field(body, name);
}

const char* framing_fault(const Request& request) {
  int lengths = 0, codings = 0, hosts = 0, logins = 0, origins = 0, sites = 0;
  const char* fault = nullptr;
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || name.find_first_of(" \t") != name.npos)
      fault = "a header's name is empty or contains a blank";
    lengths += same_word(name, "Content-Length");
    hosts += same_word(name, "Host");
    logins += same_word(name, "Authorization");
    origins += same_word(name, "Origin");
    sites += same_word(name, "Sec-Fetch-Site");
    if (!same_word(name, "Transfer-Encoding")) continue;
    ++codings;
    if (!same_word(value, "chunked")) fault = "the only Transfer-Encoding is chunked";
  }
  if (fault) return fault;
  if (lengths + codings > 1) return "the body's length is given more than once";
  if (codings > 0 && request.version < "HTTP/1.1") return "HTTP/1.0 has no Transfer-Encoding";
  if (logins > 1) return "there is more than one Authorization header";
  if (hosts > 1) return "there is more than one Host header";
  if (origins > 1) return "there is more than one Origin header";
  if (sites > 1) return "there is more than one Sec-Fetch-Site header";
  if (hosts == 0 && request.version >= "HTTP/1.1") return "there is no Host header";
  return nullptr;
}

bool split_absolute_form(Request& request) {
  const std::string_view target = request.path;
  std::string_view rest;
  for (const std::string_view scheme : {"http://", "https://"})
    if (same_word(target.substr(0, scheme.size()), scheme)) rest = target.substr(scheme.size());
  if (rest.data() == nullptr) return true;
  const auto slash = std::min(rest.find('/'), rest.size());
  const std::string host(rest.substr(0, slash));
  if (host.empty() || host.find('@') != host.npos) return false;
  request.path = slash == rest.size() ? "/" : std::string(rest.substr(slash));
  std::erase_if(request.headers, [](const auto& field) { return same_word(field.first, "Host"); });
  request.headers.emplace_back("Host", host);
  return true;
}

bool has_word(std::string_view list, std::string_view word) {
  return std::ranges::any_of(
      split(list, ','), [&](std::string_view listed) { return same_word(trim(listed), word); });
}

bool names_tag(std::string_view list, std::string_view tag) {
  return std::ranges::any_of(split(list, ','), [&](std::string_view listed) {
    listed = trim(listed);
    if (listed.starts_with("W/")) listed.remove_prefix(2);
    return listed == tag || listed == "*";
  });
}

std::optional<std::string> form_field(std::string_view form, std::string_view name) {
  for (const std::string_view field : split(form, '&')) {
    const auto equals = field.find('=');
    if (decoded(field.substr(0, equals)) == name)
      return equals == field.npos ? "" : decoded(field.substr(equals + 1));
  }
  return std::nullopt;
}

}  // namespace kvm
