#include "http/server.h"

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/message.h"
#include "base/notify.h"
#include "base/signals.h"
#include "base/text.h"
#include "http/consoles.h"
#include "http/front.h"
#include "http/routes.h"
#include "http/state.h"
#include "hub/frames_in.h"
#include "hub/keyboard_status_in.h"

namespace kvm {

namespace {

constexpr std::int64_t kBeatUs = 1'000'000;
constexpr std::int64_t kDrainUs = 5'000'000;     // how long what is on its way may take
constexpr std::int64_t kSnapshotUs = 5'000'000;  // who asked for a picture so lately still looks
constexpr int kKeptBytes = 4 << 20;

// SIGHUP as a descriptor.
Fd open_hangup() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) throw Error::from_errno("signalfd");
  return fd;
}

std::vector<Listener> listen(const ServerOptions& options) {
  std::vector<Listener> all = inherited_listeners();
  if (all.empty()) all = open_listeners({options.listen, options.unix_mode, options.words.listen});
  const bool open = options.passwords.empty() && !options.no_auth_on_purpose;
  for (const Listener& listener : all)
    if (open && !listener.local)
      throw Error(Exit::kUsage,
                  listener.name + ": refused: whoever reaches it would control the target",
                  options.words.passwords);
  return all;
}

class Server {
 public:
  explicit Server(const ServerOptions& options) : options_(options) {
    loop_.watch(signals_.fd(), EPOLLIN, [this](std::uint32_t) {
      if (signals_.take()) drain();
    });
    loop_.watch(hangup_.get(), EPOLLIN, [this](std::uint32_t) { reload(); });
    newest_.on_source([this] { consoles_.state_changed(); });
    announce();
  }

  // The HTTP library must have all its sockets back before it stops.
  ~Server() {
    streams_.drop_if([](const User&) { return true; });
    consoles_.drop_if([](const User&) { return true; });
    front_.end_waiting();
  }

  Exit run() {
    notify("READY=1");
    beat();
    loop_.run();
    return exit_;
  }

 private:
  void announce() {
    for (const Listener& listener : front_.listeners()) {
      const bool tls = front_.tls() && !listener.unix_socket;
      say(listener.unix_socket ? listener.name
                               : (tls ? "https://" : "http://") + listener.name + "/");
      if (!listener.local && !tls && auth_.required())
        say(listener.name + ": passwords and pictures travel readable on the network" +
            (options_.words.tls.empty() ? "" : " (" + options_.words.tls + ")"));
    }
  }

  StateParts parts() {
    return {newest_,         input_,           options_.title,    options_.shared_control,
            streams_.size(), consoles_.size(), keyboard_.status()};
  }

  std::string metrics() {
    const FramePtr& frame = newest_.frame();
    return metrics_.text({streams_.size(), consoles_.size(), front_.connections(), newest_.fps(),
                          newest_.source() == SourceState::kLive, input_.view_only(),
                          frame ? static_cast<double>(frame->age_us(loop_.now_us())) / 1e6 : -1,
                          auth_.counts().logins, auth_.counts().failures,
                          auth_.counts().throttled});
  }

  bool somebody_looks() const {
    return !options_.idle || streams_.size() > 0 || consoles_.size() > 0 || snapshots_.waiting() ||
           loop_.now_us() - snapshots_.asked_us() < kSnapshotUs;
  }

  void route(const ReplyPtr& reply) {
    routes_.route(reply);
    frames_.update();
  }

  void reload() {
    signalfd_siginfo info;
    while (::read(hangup_.get(), &info, sizeof info) > 0) continue;
    again([this] { auth_.reload(); }, "the passwords stay as they were");
    again([this] { front_.reload(); }, "the certificate stays as it was");
  }
  // Each for itself: who was taken out must not stay because the certificate is broken.
  void again(const std::function<void()>& read, const char* otherwise) {
    try {
      read();
    } catch (const Error& error) {
      say(std::string(error.what()) + "; " + otherwise);
    }
  }

  // What a session opened ends with it.
  void drop_ended() {
    const auto ended = [this](const User& user) { return !auth_.holds(user); };
    streams_.drop_if(ended);
    consoles_.drop_if(ended);
  }

  // The watchdog sees the event loop turn; `systemctl status` and kvm-doctor show the line.
  void beat() {
    drop_ended();  // a session's time may be up
    const FramePtr& frame = newest_.frame();
    notify("WATCHDOG=1\nSTATUS=" + strf("%s %dx%d, %d frames a second, %zu viewers",
                                        name_of(newest_.source()), frame ? frame->info().width : 0,
                                        frame ? frame->info().height : 0, newest_.fps(),
                                        streams_.size() + consoles_.size()));
    loop_.after(std::min(kBeatUs, watchdog_us().value_or(kBeatUs) / 2), [this] { beat(); });
  }

  // No more visitors; those there are get their frame or answer to its end, and what is on its way
  // to stdout leaves.
  void drain() {
    notify("STOPPING=1");
    front_.quiesce();
    input_.release_everything();
    streams_.finish();
    consoles_.close_all("the server is stopping");
    front_.end_waiting();
    loop_.after(kDrainUs, [this] { loop_.stop(); });
    wait_until_empty();
  }
  void wait_until_empty() {
    if (front_.connections() == 0 && input_.flushed()) return loop_.stop();
    loop_.after(20'000, [this] { wait_until_empty(); });
  }

  const ServerOptions& options_;
  Exit exit_ = Exit::kDone;
  StopSignals signals_{{SIGINT, SIGTERM}};
  Fd hangup_ = open_hangup();
  Loop loop_;
  Metrics metrics_;
  NewestFrame newest_{loop_};
  Auth auth_{loop_, options_.passwords, [this] { drop_ended(); }};
  Gate gate_{auth_, metrics_, options_.allow_hosts, options_.words.host};
  Input input_{loop_, metrics_, {options_.shared_control}, STDOUT_FILENO, [this] {
                 consoles_.state_changed();
               }};
  KeyboardStatusIn keyboard_{loop_, options_.status, [this](const KeyboardStatus& status) {
                               input_.receipts().counted(static_cast<std::int64_t>(status.done),
                                                         static_cast<std::int64_t>(status.failed));
                               consoles_.state_changed();
                             }};
  StreamLimits limits_{static_cast<std::int64_t>(options_.stall_timeout_s * 1e6)};
  Streams streams_{loop_, newest_, metrics_, limits_};
  Consoles consoles_{{loop_, newest_, input_, metrics_, limits_.stall_us,
                      [this] { return state_members(parts()); }}};
  Snapshots snapshots_{loop_, newest_, metrics_};
  Routes routes_{{gate_, streams_, snapshots_, consoles_, input_, options_.allow_origin,
                  [this] {
                    StateParts all = parts();
                    all.clients = streams_.clients();
                    return state_members(all);
                  },
                  [this] { return metrics(); }}};
  HttpFront front_{loop_,
                   metrics_,
                   {options_.tls_cert,
                    options_.tls_key,
                    options_.trust_proxy,
                    {options_.max_connections, options_.max_per_address}},
                   listen(options_),
                   {[this](const ReplyPtr& reply) { route(reply); },
                    [this](const Request& request) { return gate_.knows(request); }}};
  FramesIn frames_{loop_,
                   newest_,
                   metrics_,
                   STDIN_FILENO,
                   {[this] { return somebody_looks(); },
                    [this](const std::string& why) {
                      if (!why.empty()) {
                        say(why);
                        exit_ = Exit::kIo;
                      }
                      drain();
                    }}};
};

}  // namespace

Exit serve(const ServerOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  // A frame's memory is not given back after each one, to be faulted in again for the next.
  ::mallopt(M_MMAP_THRESHOLD, kKeptBytes);
  ::mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  if (::isatty(STDIN_FILENO))
    throw Error(Exit::kUsage,
                "stdin is a terminal: pipe frames in (kvm-capture | kvm-mjpeg-httpd)");
  // A viewer is a descriptor.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  return Server(options).run();
}

}  // namespace kvm
