#include "http/origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "base/text.h"
#include "net/addresses.h"

namespace kvm {

namespace {

constexpr std::size_t kLongestTold = 100;  // characters of a header in a message

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return small;
}

// The last entry of the last header with this name (given in lower case).
std::string_view last_entry(const Fields& headers, std::string_view name) {
  std::string_view found;
  for (const auto& [key, value] : headers)
    if (lower(key) == name) found = value;
  return trim(split(found, ',').back());
}

}  // namespace

std::string host_name(std::string_view host) {
  const bool bracketed = host.starts_with('[');
  const auto end = bracketed ? host.find(']') : std::min(host.find(':'), host.size());
  if (end == host.npos) return "";
  std::string_view name = host.substr(bracketed, end - bracketed);
  const std::string_view port = host.substr(end + bracketed);
  const bool good_port =
      port.empty() || (port[0] == ':' && port.find_first_not_of("0123456789", 1) == port.npos);
  if (!good_port || (bracketed && name.find(':') == name.npos)) return "";
  if (!bracketed && name.ends_with('.')) name.remove_suffix(1);
  return lower(name);
}

std::string forwarded_address(std::string_view entry) {
  const bool with_port = entry.starts_with('[') || entry.find(':') == entry.rfind(':');
  const std::string host = with_port ? host_name(entry) : std::string(entry);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1)
    return text_of(reinterpret_cast<const sockaddr*>(&v4));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1)
    return text_of(reinterpret_cast<const sockaddr*>(&v6));
  return "";
}

void believe_proxy(Peer& peer, const Fields& headers) {
  const auto names_client = [](const auto& field) {
    return lower(field.first) == "x-forwarded-for";
  };
  if (std::ranges::any_of(headers, names_client)) {
    const std::string client = forwarded_address(last_entry(headers, "x-forwarded-for"));
    peer.local = is_local(client);
    if (!client.empty()) peer.address = client;
  }
  if (const auto scheme = last_entry(headers, "x-forwarded-proto"); !scheme.empty())
    peer.tls = scheme == "https";
}

std::string cookie_name(std::string_view host) {
  const auto colon = host.rfind(':');
  const std::string_view port = colon == host.npos ? "" : host.substr(colon + 1);
  const bool digits = !port.empty() && port.find_first_not_of("0123456789") == port.npos;
  return digits ? "kvm_session_" + std::string(port) : "kvm_session";
}

HostList::HostList(const std::vector<std::string>& allowed, std::string_view machine) {
  if (!machine.empty()) {
    names_.push_back(host_name(machine));
    const std::string label = names_.back().substr(0, names_.back().find('.'));
    names_.push_back(label);
    names_.push_back(label + ".local");
  }
  for (const std::string& host : allowed) names_.push_back(host_name(host));
}

bool HostList::allows(std::string_view host, std::string_view own, bool local) const {
  if (host.empty()) return true;
  const std::string name = host_name(host);
  if (name.empty()) return false;
  if (!own.empty() && name == own) return true;
  if (local && name == "localhost") return true;
  return std::ranges::find(names_, name) != names_.end();
}

bool same_origin(std::string_view origin, std::string_view fetch_site, std::string_view host,
                 bool tls) {
  if (origin.empty())
    return fetch_site.empty() || fetch_site == "same-origin" || fetch_site == "none";
  return lower(origin) == (tls ? "https://" : "http://") + lower(host);
}

std::string foreign_origin(std::string_view origin, std::string_view host, bool tls,
                           std::string_view forwarding) {
  const auto quoted = [](std::string_view text) {
    return "'" + printable(text.substr(0, kLongestTold)) + "'";
  };
  const std::string page = "the page is at " + quoted(origin) + ", but the request ";
  if (same_origin(origin, "", host, !tls))
    return page + "came by " + (tls ? "https" : "http") +
           "; a proxy must send the page's scheme in X-Forwarded-Proto" +
           (forwarding.empty() ? "" : " (" + std::string(forwarding) + ")");
  return page + "is for the host " + quoted(host) + "; a proxy must pass the page's Host on";
}

bool is_origin(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == text.npos || scheme == 0 || scheme + 3 == text.size()) return false;
  return lower(text) == text && text.find_first_of("/?#@ ", scheme + 3) == text.npos;
}

}  // namespace kvm
