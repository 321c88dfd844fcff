// Who is connected: how many in all and from where, and how long each may take.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <string>

struct sockaddr;

namespace kvm {

// "192.0.2.7", "2001:db8::7"; IPv4 inside IPv6 as IPv4; "unix" for anything else.
std::string text_of(const sockaddr* address);
// Of this machine: loopback or a unix socket. `address` is a text_of().
bool is_local(const std::string& address) noexcept;
// What counts as one: an address, or the /64 of an IPv6 one, for a host has as many as it likes
// there.
std::string site_of(const std::string& address);

struct VisitorLimits {
  int connections = 500, per_address = 50;  // local peers are not counted per address
  std::int64_t request_us = 10'000'000;     // a request that has not arrived whole by then is cut
  std::int64_t body_rate = 8 << 10;         // bytes a second at which a body may take longer
  std::int64_t idle_us = 30'000'000;        // as long may a connection wait for its next request
};

struct Visitor {
  int fd;  // borrowed
  std::string address;
  std::int64_t deadline_us;  // monotonic; 0: none
};

class Visitors {
 public:
  explicit Visitors(VisitorLimits limits) : limits_(limits) {}

  bool admit(const std::string& address) const;
  // The result stays where it is until gone().
  Visitor* came(int fd, std::string address);
  void gone(const Visitor* visitor);
  std::size_t size() const noexcept { return all_.size(); }

  // So much of the body has come.
  void progressed(Visitor& visitor, std::size_t bytes) noexcept;
  // The request is here: the answer may take its time.
  void answering(Visitor& visitor) noexcept { visitor.deadline_us = 0; }
  // The answer is out: the next request may come, unless nobody is wanted any more.
  void answered(Visitor& visitor) noexcept;

  // Those whose time is up, or who hung up before their request was whole, are shut down; the HTTP
  // library then lets go of them. Of its own it does not see an end that comes with the last bytes.
  void cut_late() noexcept;
  // Those without an answer under way are shut down, now and whenever one has got its answer.
  void see_out() noexcept;

 private:
  VisitorLimits limits_;
  std::list<Visitor> all_;
  std::map<std::string, int> per_site_;
  bool closing_ = false;
};

}  // namespace kvm
