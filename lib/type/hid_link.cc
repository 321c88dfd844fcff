#include "type/hid_link.h"

#include <poll.h>

#include <utility>

#include "base/error.h"
#include "base/io.h"
#include "usb/hid_memory.h"

namespace kvm {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// How often to look again at what the kernel does not announce: files that appear, another's turn.
constexpr milliseconds kTick{10};
constexpr milliseconds kSlowTick{100};
// How long the way out may take when the host takes nothing.
constexpr milliseconds kLetGo{200};
// How long a host may take to answer a lock key with its light.
constexpr milliseconds kLedsAnswer{1000};

// A host that is listening takes a report within its polling interval, 10 ms at most for ours.
constexpr milliseconds kTakenAtOnce{50};
constexpr milliseconds kHostStarts{1000};
constexpr milliseconds kStalled{500};
constexpr milliseconds kLossShows{1};

Report nothing_down(HidDevice device) {
  return device == HidDevice::kMouse ? MouseState().report() : KeyboardState().report();
}

const char* why_not(HostState host) noexcept {
  switch (host) {
    case HostState::kReady:
      return "the USB host takes no reports (is its keyboard driver running?)";
    case HostState::kNoHost:
      return "no USB host (is the cable plugged in and the target on? --wait waits for it)";
    case HostState::kAsleep:
      return "the target is asleep (--wake wakes it if it allows that)";
    case HostState::kNoDevice:
      return "no gadget (kvm-gadget-setup up makes one, --wait waits for it)";
  }
  return "";
}

}  // namespace

HidLink::HidLink(Poller& poller, HidLinkOptions options) : poller_(poller), options_(options) {
  host();
}

HidLink::~HidLink() {
  if (watched_cable_ >= 0) poller_.unwatch(watched_cable_);
  for (Line& line : lines_) close(line);
}

HostState HidLink::host() {
  const HostState before = std::exchange(host_, cable_.state());
  if (cable_.fd() != watched_cable_) {
    if (watched_cable_ >= 0) poller_.unwatch(watched_cable_);
    watched_cable_ = cable_.fd();
    if (watched_cable_ >= 0) poller_.watch(watched_cable_, POLLPRI, [this](short) { host(); });
  }
  if (host_ == HostState::kReady) woken_ = false;
  if (host_ == HostState::kNoHost || host_ == HostState::kNoDevice) {
    // The next host, or the same one started anew, has lights of its own.
    leds_.reset();
    leds_kept_ = forget_leds();
  }
  if (host_ != before && changed_) changed_();
  return host_;
}

void HidLink::refresh() {
  if (host() == HostState::kReady) read_leds();
}

// ---- one device ----

bool HidLink::open(HidDevice device) {
  Line& to = line(device);
  try {
    to.node.emplace(device);
  } catch (const Error& error) {
    // What was there comes back when the gadget is bound again.
    const bool may_come = error.exit() == Exit::kUnavailable ||
                          (error.exit() == Exit::kNoInput && (to.used || !options_.timeout));
    if (!may_come) throw;
    return false;
  }
  if (device != HidDevice::kKeyboard) return true;
  poller_.watch(to.node->fd(), POLLIN, [this](short events) {
    const Hidg& keyboard = *line(HidDevice::kKeyboard).node;
    const bool failed = (events & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    if (!failed) read_leds();
    // Without its cable Linux 6.12 says POLLIN for ever, and has nothing to read.
    if (failed || keyboard.silent()) poller_.unwatch(keyboard.fd());
  });
  return true;
}

void HidLink::close(Line& line) noexcept {
  if (line.node) poller_.unwatch(line.node->fd());
  line.node.reset();
}

HidLink::Step HidLink::not_ready(Line& line) {
  if (host_ == HostState::kAsleep) {
    // What the kernel holds stays there until the host polls again; then it has to be met anew.
    line.away = true;
    line.probes = 0;
    if (options_.wake && !std::exchange(woken_, true)) cable_.wake();
  } else {
    if (host_ == HostState::kNoDevice && options_.timeout && !line.used)
      throw Error(Exit::kNoInput, why_not(host_));
    went_away(line);
  }
  poller_.pause(kSlowTick);
  return Step::kWaiting;
}

void HidLink::went_away(Line& line) noexcept {
  if (line.held) line.again = line.held;
  line.held.reset();
  line.away = true;
  line.probes = 0;
}

// For the next kvm-type, should this one be killed. Before a button goes down, after it came up.
void HidLink::remember(Line& line, const Report& report) noexcept {
  const bool down = report.device != HidDevice::kKeyboard && report.data[0] != 0;
  if (down) remember_buttons(report);
  if (!down && line.buttons) forget_buttons(report.device);
  line.buttons = down;
}

// Whether the kernel has it now; waits a little where it has not.
bool HidLink::hand_over(Line& line, const Report& report) {
  if (report.data[0] != 0) remember(line, report);
  switch (line.node->hand_over(report)) {
    case Handed::kOver:
      line.held = report;
      line.handed_at = Clock::now();
      line.refused = false;
      if (report.data[0] == 0) remember(line, report);
      return true;
    case Handed::kBusy:
      poller_.wait(line.node->fd(), POLLOUT, kTick);
      return false;
    case Handed::kGone:
      // The kernel lets a report go when the cable does, which looks like a free place for the
      // next one. So the one before this counts as taken only now that it is not so.
      went_away(line);
      line.refused = true;
      poller_.pause(kTick);
      return false;
  }
  return false;
}

// With a host that we do not know yet. A first report, in which nothing is down, releases what a
// killed kvm-type left and tells whether reports are taken. One that is not taken at once, or comes
// after an absence, meets a host that is only starting to listen, and throws away what it is told
// first: Linux for 50 ms (usbhid_open), a desktop until it has found the new keyboard. Then it
// takes a second one: of the first a controller with a FIFO (dummy_hcd) says that it is taken
// before any host asks for it.
HidLink::Step HidLink::meet_host(HidDevice device) {
  Line& to = line(device);
  const bool was_here = !to.used;
  if (device == HidDevice::kPointer) {  // cannot tell its buttons without moving
    if (!was_here) poller_.pause(kHostStarts);
  } else if (to.probes < (was_here ? 1 : 2)) {
    if (!hand_over(to, nothing_down(device))) return Step::kWaiting;
    ++to.probes;
    to.held.reset();
    return Step::kFurther;
  } else {
    if (!poller_.wait(to.node->fd(), POLLOUT, kTick)) return Step::kWaiting;
    if (!was_here || Clock::now() - to.handed_at > kTakenAtOnce) poller_.pause(kHostStarts);
  }
  to.used = true;
  to.away = false;
  return Step::kFurther;
}

// One attempt to get further: to hand over `next`, or with none to see the last one taken.
HidLink::Step HidLink::step(HidDevice device, const Report* next) {
  Line& to = line(device);
  if (host() != HostState::kReady) return not_ready(to);
  if (to.away && to.node && to.node->replaced()) close(to);
  if (!to.node && !open(device)) return poller_.pause(kSlowTick), Step::kWaiting;
  if (!to.node->take_turn()) {
    if (!options_.queue) throw Error(Exit::kBusy, to.node->path() + ": another kvm-type is typing");
    poller_.pause(kTick);
    return Step::kFurther;  // its text takes as long as it takes
  }
  if (to.away) return meet_host(device);
  if (to.again) {
    if (!hand_over(to, *to.again)) return Step::kWaiting;
    to.again.reset();
    return Step::kFurther;
  }
  if (to.held && Clock::now() - to.handed_at > kStalled) {
    // A host that did not ask for so long may have changed its driver meanwhile.
    to.away = true;
    to.probes = 0;
    return Step::kWaiting;
  }
  if (next) return hand_over(to, *next) ? Step::kDone : Step::kWaiting;
  if (!to.held) return Step::kDone;
  if (!poller_.wait(to.node->fd(), POLLOUT, kTick)) return Step::kWaiting;
  // A report that is lost with the host leaves its place free too, but only for a moment.
  poller_.pause(kLossShows);
  if (!poller_.wait(to.node->fd(), POLLOUT, milliseconds(0)) || host() != HostState::kReady)
    return Step::kWaiting;
  to.held.reset();
  return Step::kDone;
}

void HidLink::drive(HidDevice device, const Report* next) {
  auto since = Clock::now();
  for (;;) {
    const Step what = step(device, next);
    if (what == Step::kDone) {
      gave_up_ = false;
      return;
    }
    if (what == Step::kFurther) since = Clock::now();
    if (!options_.timeout || (!gave_up_ && Clock::now() - since < *options_.timeout)) continue;
    gave_up_ = true;
    if (host_ == HostState::kReady && !line(device).node) Hidg missing(device);  // says what is
    const bool refused = host_ == HostState::kReady && line(device).refused;
    throw Error(Exit::kBusy, why_not(refused ? HostState::kNoHost : host_));
  }
}

// ---- as a ReportSink ----

bool HidLink::has(HidDevice device) {
  return line(device).node || Hidg::exists(device);
}

void HidLink::send(const Report& report) {
  drive(report.device, &report);
}

void HidLink::settle() {
  for (std::size_t i = 0; i < kHidDevices; ++i)
    if (lines_[i].held || lines_[i].again) drive(static_cast<HidDevice>(i), nullptr);
}

void HidLink::pause(milliseconds time) {
  if (time.count() <= 0) return;
  // Now it can be told whether what was sent is taken; after the pause perhaps not.
  settle();
  poller_.pause(time);
}

bool HidLink::busy(HidDevice device) {
  const auto& node = line(device).node;
  return node && !poller_.wait(node->fd(), POLLOUT, milliseconds(0));
}

void HidLink::rest(HidDevice device) noexcept {
  if (line(device).node) line(device).node->end_turn();
}

void HidLink::let_go(const Report& report) noexcept {
  Line& to = line(report.device);
  if (!to.node || !to.node->has_turn()) return;
  const auto deadline = Clock::now() + kLetGo;
  bool handed = false;
  try {
    // Without the poller: a stop signal may be what brought us here.
    while (Clock::now() < deadline) {
      if (!handed) {
        const Handed what = to.node->hand_over(report);
        if (what == Handed::kGone) break;
        handed = what == Handed::kOver;
      }
      if (wait_for(to.node->fd(), POLLOUT, kTick) && handed) break;
    }
  } catch (const Error&) {
    // Whatever brought us here is said already.
  }
  to.held.reset();
  to.again.reset();
  if (handed)
    remember(to, report);
  else
    went_away(to);  // then the next report has to do it
}

void HidLink::release(const Report& report) {
  if (host() != HostState::kReady) return;
  Line& to = line(report.device);
  try {
    if (!open(report.device) || !to.node->take_turn()) return;
    to.buttons = report.device != HidDevice::kKeyboard;
    let_go(report);
    rest(report.device);
  } catch (const Error&) {
    // It is said when something is to be sent.
  }
}

void HidLink::release_leftovers() {
  release(nothing_down(HidDevice::kKeyboard));
  release_buttons();
}

void HidLink::release_buttons() {
  for (const HidDevice mouse : {HidDevice::kPointer, HidDevice::kMouse})
    if (const auto report = releasing_buttons(mouse)) release(*report);
}

void HidLink::wake() {
  const auto since = Clock::now();
  while (host() == HostState::kNoDevice || host_ == HostState::kNoHost) {
    if (options_.timeout &&
        (host_ == HostState::kNoDevice || Clock::now() - since >= *options_.timeout))
      throw Error(host_ == HostState::kNoDevice ? Exit::kNoInput : Exit::kBusy, why_not(host_));
    poller_.pause(kSlowTick);
  }
  if (host_ == HostState::kAsleep) cable_.wake();
}

// ---- LEDs ----

void HidLink::set_leds(Leds leds) {
  if (leds_ == leds) return;
  leds_ = leds;
  if (changed_) changed_();
}

// The kernel gives each report to one reader; what another kvm-type has read it remembers for all.
// What this one has read and could not leave there is newer than what is there.
void HidLink::read_leds() {
  auto& node = line(HidDevice::kKeyboard).node;
  if (const auto report = node ? node->read_output() : std::nullopt) {
    leds_kept_ = remember_leds(*report);
    set_leds(leds_from_report(*report));
  } else if (const auto remembered = leds_kept_ ? remembered_leds() : std::nullopt) {
    set_leds(leds_from_report(*remembered));
  }
}

std::optional<Leds> HidLink::leds() {
  drive(HidDevice::kKeyboard, nullptr);  // a host that takes reports has said its lights
  read_leds();
  return leds_;
}

bool HidLink::leds_change(const Leds& before) {
  settle();
  const auto deadline = Clock::now() + kLedsAnswer;
  for (;;) {
    read_leds();
    if (leds_ && *leds_ != before) return true;
    if (Clock::now() >= deadline) return false;
    poller_.pause(kTick);
  }
}

}  // namespace kvm
