// viewers HOST PORT PATH FAST SLOW WARM_S SECONDS: FAST viewers read a stream as it comes, and SLOW
// others read it at 0.5 MB/s. Prints "go" after WARM_S, and one JSON object after SECONDS more.
// viewers HOST PORT PATH snapshots N: asks for N snapshots at once, and prints one JSON object.
//
// The kernel drops the images (MSG_TRUNC), so that this program takes little CPU time from those
// that are measured. Age: from the time in the part's header (X-Kvm-Time, unix; Grab-Time, on
// CLOCK_MONOTONIC_RAW) to the last byte of its image.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/tool.h"

using namespace kvm;

namespace {

constexpr double kSlowBytesPerUs = 0.5;
constexpr std::size_t kHead = 1024;  // bytes read at once where headers are looked for

struct Viewer {
  Fd fd;
  bool slow = false;
  std::string head;      // bytes that were read, until a header is complete
  std::size_t left = 0;  // bytes of the image still to come
  double read_bytes = 0;
  std::int64_t begun_us = 0;  // when a slow viewer began to read
  std::int64_t stamp_us = 0;  // of the image: unix time, or on CLOCK_MONOTONIC_RAW
  bool unix_stamp = false;
  std::vector<std::int64_t> ages_us;
  std::uint64_t bytes = 0;
};

Fd connect_to(const char* host, int port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, host, &address.sin_addr);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
    throw Error::from_errno(std::string("connect to ") + host);
  return fd;
}

std::string_view value(std::string_view head, std::string_view name) {
  const auto at = head.find(name);
  if (at == head.npos) return {};
  head.remove_prefix(at + name.size());
  return trim(head.substr(0, head.find('\n')));
}

// Reads what a header says about the bytes that follow.
void read_head(Viewer& viewer, std::string_view head) {
  viewer.left = parse_number<std::size_t>(value(head, "Content-Length:")).value_or(0);
  const auto ours = parse_number<std::int64_t>(value(head, "X-Kvm-Time:"));
  const auto theirs = parse_number<double>(value(head, "Grab-Time:"));
  viewer.unix_stamp = ours.has_value();
  viewer.stamp_us = ours.value_or(static_cast<std::int64_t>(theirs.value_or(0) * 1e6));
}

// Counts bytes of an image that came. True: the image is complete.
bool take(Viewer& viewer, std::size_t bytes) {
  viewer.left -= bytes;
  viewer.bytes += bytes;
  if (viewer.left > 0 || viewer.stamp_us == 0) return viewer.left == 0;
  viewer.ages_us.push_back((viewer.unix_stamp ? unix_us() : clock_us(CLOCK_MONOTONIC_RAW)) -
                           viewer.stamp_us);
  return true;
}

// Reads all bytes that have come, a slow viewer only as many as its rate allows. Returns false at
// the end of the stream; with `once`, also at the end of an image.
bool read_on(Viewer& viewer, bool once) {
  static char buffer[kHead];
  for (;;) {
    std::size_t most = viewer.left > 0 ? viewer.left : kHead;
    if (viewer.slow) {
      const std::int64_t now = monotonic_us();
      if (viewer.begun_us == 0) viewer.begun_us = now;
      const double due = kSlowBytesPerUs * static_cast<double>(now - viewer.begun_us);
      if (due < viewer.read_bytes + kHead) return true;
      most = std::min(most, static_cast<std::size_t>(due - viewer.read_bytes));
    }
    const bool drop = viewer.left > 0;
    const ssize_t n = ::recv(viewer.fd.get(), drop ? nullptr : buffer, most,
                             MSG_DONTWAIT | (drop ? MSG_TRUNC : 0));
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return false;
    viewer.read_bytes += static_cast<double>(n);
    if (drop) {
      if (take(viewer, static_cast<std::size_t>(n)) && once) return false;
      continue;
    }
    viewer.head.append(buffer, static_cast<std::size_t>(n));
    for (std::size_t end;
         viewer.left == 0 && (end = viewer.head.find("\r\n\r\n")) != viewer.head.npos;) {
      read_head(viewer, std::string_view(viewer.head).substr(0, end + 2));
      const std::size_t rest = viewer.head.size() - end - 4;
      const std::size_t body = std::min(rest, viewer.left);
      viewer.head.erase(0, end + 4 + body);
      if (body > 0 && take(viewer, body) && once) return false;
    }
  }
}

std::string percentiles(std::vector<std::int64_t> us) {
  std::sort(us.begin(), us.end());
  const auto at = [&](double share) {
    return us.empty()
               ? -1.0
               : static_cast<double>(
                     us[static_cast<std::size_t>(share * static_cast<double>(us.size() - 1))]) /
                     1e3;
  };
  return strf("{\"p50\":%.3f,\"p95\":%.3f,\"p99\":%.3f,\"most\":%.3f}", at(.5), at(.95), at(.99),
              at(1));
}

class Crowd {
 public:
  Crowd(const char* host, const char* port, const std::string& path, int fast, int slow)
      : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (int i = 0; i < fast + slow; ++i) {
      Viewer& viewer = viewers_.emplace_back();
      viewer.slow = i >= fast;
      viewer.fd = connect_to(host, std::atoi(port));
    }
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (Viewer& viewer : viewers_) {
      if (::send(viewer.fd.get(), request.data(), request.size(), 0) < 0)
        throw Error::from_errno("send");
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = &viewer;
      if (!viewer.slow) ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, viewer.fd.get(), &event);
    }
  }

  void watch(double seconds) {
    const std::int64_t until = monotonic_us() + static_cast<std::int64_t>(seconds * 1e6);
    for (std::int64_t now; (now = monotonic_us()) < until;)
      turn(static_cast<int>((until - now) / 1000 + 1), false);
  }
  void forget() {
    for (Viewer& viewer : viewers_) {
      viewer.ages_us.clear();
      viewer.bytes = 0;
    }
  }
  std::string report(double seconds) const {
    std::vector<std::int64_t> fast, slow;
    std::uint64_t bytes = 0;
    std::size_t least = SIZE_MAX;
    for (const Viewer& viewer : viewers_) {
      auto& ages = viewer.slow ? slow : fast;
      ages.insert(ages.end(), viewer.ages_us.begin(), viewer.ages_us.end());
      bytes += viewer.bytes;
      if (!viewer.slow) least = std::min(least, viewer.ages_us.size());
    }
    return strf("{\"seconds\":%.3f,\"frames\":%zu,\"bytes\":%llu,\"least_frames\":%zu,\"age_ms\":",
                seconds, fast.size() + slow.size(), static_cast<unsigned long long>(bytes), least) +
           percentiles(fast) + (slow.empty() ? "" : ",\"slow_age_ms\":" + percentiles(slow)) + "}";
  }

  // Waits until each viewer has its image.
  std::string snapshots() {
    const std::int64_t begun = monotonic_us();
    std::vector<std::int64_t> took;
    while (took.size() < viewers_.size()) {
      const std::size_t before = ended_;
      if (!turn(5000, true)) throw Error(Exit::kBusy, "snapshots do not come");
      for (std::size_t i = before; i < ended_; ++i) took.push_back(monotonic_us() - begun);
    }
    std::size_t whole = 0;
    for (const Viewer& viewer : viewers_) whole += viewer.bytes > 0;
    return strf("{\"snapshots\":%zu,\"took_ms\":", whole) + percentiles(took) + "}";
  }

 private:
  bool turn(int wait_ms, bool once) {
    epoll_event events[256];
    const bool slow = viewers_.back().slow;
    const int n = ::epoll_wait(epoll_.get(), events, 256, slow ? std::min(wait_ms, 5) : wait_ms);
    for (int i = 0; i < n; ++i) {
      auto& viewer = *static_cast<Viewer*>(events[i].data.ptr);
      if (read_on(viewer, once)) continue;
      if (!once) throw Error(Exit::kIo, "a viewer was dropped");
      viewer.fd.reset();
      ++ended_;
    }
    for (Viewer& viewer : viewers_)
      if (viewer.slow && !read_on(viewer, false))
        throw Error(Exit::kIo, "a slow viewer was dropped");
    return n > 0;
  }

  Fd epoll_;
  std::deque<Viewer> viewers_;
  std::size_t ended_ = 0;
};

Exit run(int argc, char** argv) {
  if (argc == 6 && std::string_view(argv[4]) == "snapshots") {
    Crowd crowd(argv[1], argv[2], argv[3], std::atoi(argv[5]), 0);
    std::puts(crowd.snapshots().c_str());
    return Exit::kDone;
  }
  if (argc != 8) throw Error(Exit::kUsage, "HOST PORT PATH FAST SLOW WARM_S SECONDS");
  Crowd crowd(argv[1], argv[2], argv[3], std::atoi(argv[4]), std::atoi(argv[5]));
  crowd.watch(std::atof(argv[6]));
  std::puts("go");
  std::fflush(stdout);
  crowd.forget();
  crowd.watch(std::atof(argv[7]));
  std::puts(crowd.report(std::atof(argv[7])).c_str());
  return Exit::kDone;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool([&] { return run(argc, argv); });
}
