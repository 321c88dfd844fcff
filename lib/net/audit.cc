#include "net/audit.h"

#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cstring>

#include "base/clock.h"
#include "base/error.h"
#include "base/message.h"
#include "base/text.h"
#include "base/trusted_file.h"
#include "net/addresses.h"

namespace kvm {

namespace {

constexpr std::int64_t kMinuteUs = 60'000'000;
constexpr std::size_t kMostCauses = 10'000;
constexpr std::size_t kLongestValue = 256;  // bytes

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::strchr("._@:+/-", c) != nullptr;
}

// A JSON string in ASCII (RFC 8259, 7). Bytes that are not UTF-8 become U+FFFD.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    const auto taken = take_utf8(text);
    if (!taken) text.remove_prefix(1);
    const char32_t c = taken.value_or(0xFFFD);
    if (c == '"' || c == '\\')
      (result += '\\') += static_cast<char>(c);
    else if (c >= ' ' && c < 0x7F)
      result += static_cast<char>(c);
    else if (c < 0x10000)
      result += strf("\\u%04x", static_cast<unsigned>(c));
    else
      result += strf("\\u%04x\\u%04x", static_cast<unsigned>(0xD800 + ((c - 0x10000) >> 10)),
                     static_cast<unsigned>(0xDC00 + ((c - 0x10000) & 0x3FF)));
  }
  return result + '"';
}

std::string value(std::string_view text) {
  if (text.empty()) return "-";
  text = text.substr(0, kLongestValue);
  const bool plain =
      text.front() != '-' && text.find('\0') == text.npos && std::ranges::all_of(text, is_plain);
  return plain ? std::string(text) : quoted(text);
}

// RFC 3339, in UTC.
std::string now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  tm parts{};
  ::gmtime_r(&time.tv_sec, &parts);
  char text[32];
  ::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return text + strf(".%03ldZ", time.tv_nsec / 1'000'000);
}

// A file that root owns may be writable for a group: the server is in the group, but cannot make
// the file writable for others.
void check_file(int fd, const std::string& path) {
  struct stat status = {};
  if (::fstat(fd, &status) < 0) throw Error::from_errno(path);
  if (!S_ISREG(status.st_mode)) throw Error(Exit::kConfig, path + ": not a regular file");
  const mode_t forbidden = status.st_uid == 0 ? S_IWOTH : S_IWOTH | S_IWGRP;
  if (!is_trusted_owner(status.st_uid) || (status.st_mode & forbidden) || status.st_nlink > 1)
    throw Error(Exit::kPermission, path + ": other users may change this file");
}

}  // namespace

Audit::Audit(std::string file) : file_(std::move(file)) {
  reopen();
}

void Audit::reopen() {
  if (file_.empty()) return;
  check_way(file_);
  Fd fd = open_fd(file_, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);
  check_file(fd.get(), file_);
  fd_ = std::move(fd);
  failed_ = torn_ = false;
}

void Audit::write(std::string_view event, const User& user, const Facts& facts) noexcept {
  try {
    std::string line(event);
    line += " from " + value(user.from) + " user=" + value(user.name);
    for (const auto& [key, fact] : facts) ((line += ' ') += key) += '=' + value(fact);
    say(line);
    if (fd_) append(now() + ' ' + line + '\n');
  } catch (const std::exception& error) {
    say(std::string("audit: ") + error.what());
  }
}

// Whether one more line of this cause may be written in this minute. Adds the facts that tell of
// lines that are not written.
bool Audit::admit(const std::string& cause, int most, Facts& facts) {
  const std::int64_t now_us = monotonic_us();
  const auto ended = [&](const Often& often) { return now_us - often.began_us >= kMinuteUs; };
  // Causes beyond this number are taken for one.
  if (often_.size() >= kMostCauses)
    std::erase_if(often_, [&](const auto& entry) { return ended(entry.second); });
  Often& often = often_[often_.size() < kMostCauses || often_.contains(cause) ? cause : ""];
  if (ended(often)) {
    if (often.unwritten > 0) facts.emplace_back("unwritten", std::to_string(often.unwritten));
    often = {now_us, 0, 0};
  }
  if (often.lines == most) {
    ++often.unwritten;
    return false;
  }
  if (++often.lines == most) facts.emplace_back("more", "unwritten");
  return true;
}

bool Audit::note(std::string_view event, const User& user, const Facts& facts) noexcept {
  Facts all = facts;
  if (!admit(strf("%s %s %s", site_of(user.from).c_str(), user.name.c_str(),
                  std::string(event).c_str()),
             kMostOften, all))
    return false;
  write(event, user, all);
  return true;
}

bool Audit::note_stranger(std::string_view event, const User& user, const Facts& facts) noexcept {
  Facts all = facts;
  if (!admit(site_of(user.from) + ' ' + std::string(event), kMostOften, all) ||
      !admit("strangers", kMostOfStrangers, all))
    return false;
  write(event, user, all);
  return true;
}

Visit::Visit(Audit& audit, std::string what, const User& user, Audit::Facts facts)
    : audit_(audit),
      what_(std::move(what)),
      user_(user),
      facts_(std::move(facts)),
      began_us_(monotonic_us()),
      written_(audit_.note(what_ + " opened", user_, facts_)) {}

Visit::~Visit() {
  if (!written_) return;
  facts_.emplace_back("seconds", std::to_string((monotonic_us() - began_us_) / 1'000'000));
  audit_.write(what_ + " closed", user_, facts_);
}

void Audit::append(const std::string& line) {
  const std::string text = torn_ ? '\n' + line : line;
  const ssize_t written = ::write(fd_.get(), text.data(), text.size());
  const bool whole = written == static_cast<ssize_t>(text.size());
  if (written > 0) torn_ = !whole;
  if (whole) {
    failed_ = false;
  } else if (!std::exchange(failed_, true)) {
    say(file_ + ": an audit line is lost: " + (written < 0 ? std::strerror(errno) : "no room"));
  }
}

}  // namespace kvm
