#include "http/server.h"

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "base/io.h"
#include "base/message.h"
#include "base/notify.h"
#include "base/signals.h"
#include "base/text.h"
#include "base/trusted_file.h"
#include "http/consoles.h"
#include "http/front.h"
#include "http/metrics_text.h"
#include "http/routes.h"
#include "http/state.h"
#include "hub/frames_in.h"
#include "hub/keyboard_status_in.h"

namespace kvm {

namespace {

constexpr std::int64_t kBeatUs = 1'000'000;
constexpr std::int64_t kDrainUs = 5'000'000;  // the longest wait for answers under way
constexpr std::int64_t kDrainCheckUs = 20'000;
constexpr std::int64_t kSnapshotUs = 5'000'000;  // a snapshot counts as a viewer for this long
constexpr int kKeptBytes = 4 << 20;
// Memory for what clients send: of one user, and of all.
constexpr std::size_t kUsersBytes = 4 << 20, kClientsBytes = 16 << 20;

std::vector<Listener> listen(const ServerOptions& options) {
  std::vector<Listener> listeners = inherited_listeners();
  if (listeners.empty())
    listeners = open_listeners({options.listen, options.unix_mode, options.words.listen});
  const bool open = options.passwords.empty() && !options.open_on_purpose;
  for (const Listener& listener : listeners)
    if (open && !listener.local)
      throw Error(Exit::kUsage,
                  listener.name + ": refused: anybody who can reach it could control the target",
                  options.words.passwords);
  return listeners;
}

// The first line of a file; "" if there is no file.
std::string read_secret(const std::string& file) {
  if (file.empty()) return "";
  constexpr std::size_t kLeast = 16;
  const std::string text = read_trusted_file(file, Secrecy::kSecret, 4096);
  const std::string secret(trim(std::string_view(text).substr(0, text.find('\n'))));
  if (secret.size() < kLeast)
    throw Error(Exit::kConfig,
                strf("%s: the secret needs at least %zu characters", file.c_str(), kLeast));
  return secret;
}

class Server {
 public:
  explicit Server(const ServerOptions& options) : options_(options) {
    loop_.watch(signals_.fd(), EPOLLIN, [this](std::uint32_t) { signalled(); });
    newest_.on_source([this] { consoles_.state_changed(); });
    announce();
  }

  // libmicrohttpd must have all its sockets back before it stops.
  ~Server() {
    drop_viewers([](const User&) { return true; });
    front_.end_waiting();
  }

  Exit run() {
    notify("READY=1");
    beat();
    loop_.run();
    return exit_;
  }

 private:
  // ---- reports to stderr, systemd and /metrics ----

  void announce() {
    for (const Listener& listener : front_.listeners()) {
      const bool tls = front_.tls() && !listener.unix_socket;
      say(listener.unix_socket ? listener.name
                               : (tls ? "https://" : "http://") + listener.name + "/");
      if (!listener.local && !tls && auth_.required())
        say(listener.name + ": passwords and pictures are readable on the network" +
            (options_.words.tls.empty() ? "" : " (" + options_.words.tls + ")"));
    }
  }

  // Feeds systemd's watchdog as long as the event loop runs. `systemctl status` and kvm-doctor show
  // the status line.
  void beat() {
    drop_ended();  // sessions may have expired
    const FramePtr& frame = newest_.frame();
    notify("WATCHDOG=1\nSTATUS=" + strf("%s %dx%d, %d frames a second, %zu viewers",
                                        name_of(newest_.source()), frame ? frame->info().width : 0,
                                        frame ? frame->info().height : 0, newest_.fps(),
                                        streams_.size() + consoles_.size()));
    loop_.after(std::min(kBeatUs, watchdog_us().value_or(kBeatUs) / 2), [this] { beat(); });
  }

  std::string metrics() {
    const FramePtr& frame = newest_.frame();
    return metrics_text(metrics_, auth_.counts(),
                        {streams_.size(), consoles_.size(), front_.connections(), newest_.fps(),
                         newest_.source() == SourceState::kLive, control_.view_only(),
                         frame ? static_cast<double>(frame->age_us(loop_.now_us())) / 1e6 : -1});
  }

  StateParts state() {
    return {newest_,         control_,         options_.title,    options_.shared_control,
            streams_.size(), consoles_.size(), keyboard_.status()};
  }

  std::vector<Json::Member> state_with_clients() {
    StateParts parts = state();
    parts.clients = streams_.clients();
    return state_members(parts);
  }

  // ---- requests and viewers ----

  void route(const ReplyPtr& reply) {
    routes_.route(reply);
    frames_.update();
  }

  bool anybody_watches() const {
    return !options_.idle || streams_.size() > 0 || consoles_.size() > 0 || snapshots_.waiting() ||
           loop_.now_us() - snapshots_.asked_us() < kSnapshotUs;
  }

  void drop_viewers(const std::function<bool(const User&)>& if_user) {
    streams_.drop_if(if_user);
    consoles_.drop_if(if_user);
    snapshots_.drop_if(if_user);
  }

  // Streams, WebSockets and waiting snapshots end with the session that opened them.
  void drop_ended() {
    drop_viewers([this](const User& user) { return !auth_.holds(user); });
  }

  // ---- signals, and the end ----

  void signalled() {
    const auto signal = signals_.take();
    if (signal == SIGHUP)
      reload();
    else if (signal)
      drain();
  }

  // Passwords and certificate are read separately: a broken certificate must not keep a removed
  // user logged in.
  void reload() {
    read_again([this] { auth_.reload(); }, "the old passwords stay in force");
    read_again([this] { audit_.reopen(); }, "the old audit file stays in use");
    read_again([this] { front_.reload(); }, "the old certificate stays in force");
  }
  static void read_again(const std::function<void()>& read, const char* otherwise) {
    try {
      read();
    } catch (const Error& error) {
      say(std::string(error.what()) + "; " + otherwise);
    }
  }

  void input_ended(const std::string& why) {
    if (!why.empty()) {
      say(why);
      exit_ = Exit::kIo;
    }
    drain();
  }

  // Accepts no more visitors, but completes frames, answers and action lines that are under way.
  void drain() {
    notify("STOPPING=1");
    front_.quiesce();
    control_.release_everything();
    streams_.finish();
    consoles_.close_all("the server is stopping");
    front_.end_waiting();
    // The library must not be stopped while it has lent connections.
    loop_.after(kDrainUs, [this] {
      drop_viewers([](const User&) { return true; });
      loop_.stop();
    });
    wait_until_empty();
  }
  void wait_until_empty() {
    if (front_.connections() == 0 && control_.flushed()) return loop_.stop();
    loop_.after(kDrainCheckUs, [this] { wait_until_empty(); });
  }

  // ---- the parts of the server; later parts use earlier ones, and are destroyed first ----

  const ServerOptions& options_;
  Exit exit_ = Exit::kDone;
  StopSignals signals_{{SIGINT, SIGTERM}, {SIGHUP}};
  Loop loop_;
  Turns turns_{loop_};
  Metrics metrics_;
  NewestFrame newest_{loop_};
  Quota quota_{kUsersBytes, kClientsBytes};
  Audit audit_{options_.audit};
  Auth auth_{loop_, audit_, {options_.passwords, options_.used_codes, options_.target}, [this] {
               drop_ended();
             }};
  Gate gate_{auth_,
             metrics_,
             options_.allow_hosts,
             {options_.words.host, options_.words.forwarding},
             {options_.user_header, read_secret(options_.proxy_secret)}};
  Control control_{loop_,
                   metrics_,
                   {.shared = options_.shared_control, .hints = options_.words.actions},
                   STDOUT_FILENO,
                   [this] { consoles_.state_changed(); }};
  KeyboardStatusIn keyboard_{loop_, options_.status, [this](const KeyboardStatus& status) {
                               control_.counted(status);
                               consoles_.state_changed();
                             }};
  StreamLimits limits_{static_cast<std::int64_t>(options_.stall_timeout_s * 1e6)};
  Streams streams_{loop_, newest_, metrics_, audit_, limits_};
  Consoles consoles_{{loop_, turns_, newest_, control_, metrics_, audit_, quota_, limits_.stall_us,
                      [this] { return state_members(state()); }}};
  Snapshots snapshots_{loop_, newest_, metrics_};
  Routes routes_{{loop_,
                  turns_,
                  gate_,
                  streams_,
                  snapshots_,
                  consoles_,
                  control_,
                  audit_,
                  {options_.allow_origin, auth_.required()},
                  [this] { return state_with_clients(); },
                  [this] { return metrics(); },
                  [this] { return keyboard_.status(); }}};
  HttpFront front_{loop_,
                   metrics_,
                   quota_,
                   {options_.tls_cert,
                    options_.tls_key,
                    options_.trust_proxy,
                    {.connections = options_.max_connections,
                     .per_address = options_.max_per_address,
                     .behind_proxy = options_.trust_proxy}},
                   listen(options_),
                   {[this](const ReplyPtr& reply) { route(reply); },
                    [this](const ReplyPtr& reply, const Exchanges::Enter& enter) {
                      routes_.admit(reply, enter);
                    }}};
  FramesIn frames_{
      loop_,
      newest_,
      metrics_,
      STDIN_FILENO,
      {[this] { return anybody_watches(); }, [this](const std::string& why) { input_ended(why); }}};
};

// Lets malloc keep a frame's memory for the next frame, to avoid the page faults of fresh memory.
void keep_frame_memory() {
  ::mallopt(M_MMAP_THRESHOLD, kKeptBytes);
  ::mallopt(M_TRIM_THRESHOLD, kKeptBytes);
}

// Every viewer needs a file descriptor.
void raise_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

Exit serve(const ServerOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  keep_frame_memory();
  raise_file_limit();
  return Server(options).run();
}

}  // namespace kvm
