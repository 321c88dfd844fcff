#include "http/request.h"

#include <microhttpd.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"

namespace kvm {

namespace {

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

Answer failure(int status, const std::string& why,
               std::vector<std::pair<std::string, std::string>> headers) {
  headers.emplace_back("Cache-Control", "no-store");
  return {status, "application/json", Json::object({{"ok", false}, {"why", why}}).text() + "\n",
          std::move(headers)};
}

bool has_word(std::string_view list, std::string_view word) {
  return std::ranges::any_of(split(list, ','), [&](std::string_view one) {
    one = trim(one);
    return one.size() == word.size() && ::strncasecmp(one.data(), word.data(), word.size()) == 0;
  });
}

bool names_tag(std::string_view list, std::string_view tag) {
  return std::ranges::any_of(split(list, ','), [&](std::string_view one) {
    one = trim(one);
    if (one.starts_with("W/")) one.remove_prefix(2);
    return one == tag || one == "*";
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

std::string_view Request::header(const char* name) const {
  const char* value = nullptr;
  if (connection_) value = MHD_lookup_connection_value(connection_, MHD_HEADER_KIND, name);
  return value ? value : "";
}

std::optional<std::string> Request::query(const char* name) const {
  const char* value = nullptr;
  std::size_t size = 0;
  if (!connection_ ||
      MHD_lookup_connection_value_n(connection_, MHD_GET_ARGUMENT_KIND, name,
                                    std::char_traits<char>::length(name), &value, &size) == MHD_NO)
    return std::nullopt;
  return value ? std::string(value, size) : "";
}

std::optional<std::string> Request::form(std::string_view name) const {
  return form_field(body, name);
}

std::optional<std::string> Request::cookie(const char* name) const {
  const char* value = nullptr;
  if (connection_) value = MHD_lookup_connection_value(connection_, MHD_COOKIE_KIND, name);
  if (!value) return std::nullopt;
  return value;
}

std::optional<std::pair<std::string, std::string>> Request::basic() const {
  char* password = nullptr;
  char* const name =
      connection_ ? MHD_basic_auth_get_username_password(connection_, &password) : nullptr;
  const Handle<char, MHD_free> free_name(name), free_password(password);
  if (!name || !password) return std::nullopt;
  return std::pair<std::string, std::string>(name, password);
}

void Request::answer(Answer answer) {
  if (over() || step_ == Step::kReady) return;
  answer_ = std::move(answer);
  step_ = Step::kReady;
  resume();
}

void Request::defer() {
  if (step_ == Step::kRouted) step_ = Step::kDeferred;
}

void Request::go_on(std::function<void()> next) {
  if (over() || step_ != Step::kDeferred) return;
  next_ = std::move(next);
  step_ = Step::kGoOn;
  resume();
}

int Request::fd() const noexcept {
  return MHD_get_connection_info(connection_, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

bool Request::hung_up() const noexcept {
  pollfd socket{over() ? -1 : fd(), POLLRDHUP, 0};
  return over() || ::poll(&socket, 1, 0) == 1;
}

void Request::hand_over(const Adopt& adopt) {
  MHD_suspend_connection(connection_);
  suspended_ = true;
  step_ = Step::kHandedOver;
  adopt(fd(), [self = shared_from_this()] {
    if (self->over()) return;
    ::shutdown(self->fd(), SHUT_RDWR);
    self->step_ = Step::kDone;
    self->resume();
  });
}

void Request::pour(std::string type, std::vector<std::pair<std::string, std::string>> headers,
                   Pull pull) {
  pull_ = std::move(pull);
  headers.emplace_back("Cache-Control", "no-store");
  answer({200, std::move(type), {}, std::move(headers)});
}

void Request::wake() {
  resume();
}

void Request::upgrade(std::vector<std::pair<std::string, std::string>> headers,
                      std::function<void(Upgraded)> use) {
  use_ = std::move(use);
  answer({101, "", {}, std::move(headers)});
}

void Request::resume() {
  if (over() || !std::exchange(suspended_, false)) return;
  MHD_resume_connection(connection_);
  *resumed_ = true;
}

}  // namespace kvm
