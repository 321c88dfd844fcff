// The open connections: how many there may be, in all and per address, and how long each may take.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <string>

namespace kvm {

struct VisitorLimits {
  int connections = 500;  // a few of these are for local peers only
  int per_address = 50;   // local peers are not counted per address
  // Local peers are a proxy's connections until attribute() tells for whom.
  bool behind_proxy = false;
  std::int64_t request_us = 10'000'000;  // time for a whole request to arrive
  std::int64_t body_rate = 8 << 10;      // bytes of body that extend this time by one second
  std::int64_t idle_us = 30'000'000;     // how long a connection may wait for its next request
};

// One open connection.
struct Visitor {
  int fd;                    // borrowed
  std::string address;       // as text_of() writes it
  std::int64_t deadline_us;  // monotonic; 0: no deadline
  std::string site;          // against whose share the connection counts; "": nobody's
  bool known = false;        // the request under way comes from a user
  bool leaving = false;      // shut down, and not closed yet
};

class Visitors {
 public:
  explicit Visitors(VisitorLimits limits) : limits_(limits) {}

  // Connections that the HTTP library must be able to have: those that leave count, too.
  static constexpr int kMostLeaving = 16;

  // Whether a new connection from `address` is within the limits. If there are too many
  // connections, this makes room: it shuts down a connection that is not known(), if there is one.
  // It prefers connections without a whole request, of these the ones of the address that has most
  // connections, and of these the oldest.
  bool admit(const std::string& address);
  // The pointer is valid until gone().
  Visitor* came(int fd, std::string address);
  void gone(const Visitor* visitor);
  std::size_t size() const noexcept { return visitors_.size(); }

  // The request comes, by way of a proxy, from this address: the connection counts as the address's
  // from now on. false: that is not within the limits.
  bool attribute(Visitor& visitor, const std::string& address);
  // The request comes from a user: until it is answered, the connection is not shut down to make
  // room.
  void recognized(Visitor& visitor) noexcept { visitor.known = true; }

  // `bytes` more of the request's body have arrived: extends the deadline.
  void progressed(Visitor& visitor, std::size_t bytes) noexcept;
  // The request is complete: the answer has no deadline.
  void answering(Visitor& visitor) noexcept { visitor.deadline_us = 0; }
  // The answer is sent: the next request may come; after see_out(), the connection ends instead.
  void answered(Visitor& visitor) noexcept;

  // Shuts down each connection that is past its deadline, or whose client hung up before its
  // request was complete; the HTTP library then closes it. The library alone does not notice an
  // end of stream that arrives together with the last bytes.
  void cut_late() noexcept;
  // Shuts down each connection that has no answer under way, and from now on every other connection
  // as soon as its answer is sent.
  void see_out() noexcept;

 private:
  bool has_share(const std::string& site) const;
  bool make_room(bool for_local, const Visitor* except);
  Visitor* expendable(bool for_local, const Visitor* except);
  void count(const std::string& site, int change);
  void shut(Visitor& visitor) noexcept;

  VisitorLimits limits_;
  std::list<Visitor> visitors_;
  std::map<std::string, int> per_site_;  // without local peers
  std::size_t leaving_ = 0;
  bool closing_ = false;
};

}  // namespace kvm
