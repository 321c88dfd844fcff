#include "type/hid_link.h"

#include <utility>

#include "usb/hid_memory.h"

namespace kvm {
namespace {

std::vector<std::string> present_devices() {
  std::vector<std::string> names;
  for (const HidDevice device : kHidDevices)
    if (Hidg::exists(device)) names.emplace_back(name_of(device));
  return names;
}

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kSlowTick{100};  // like kTick, for slow events such as a host's boot
// How long a host may take to change its lights after a lock key.
constexpr milliseconds kLightsAnswer{1000};
// See LineState::host_starts().
constexpr milliseconds kHostStarts{1000};
// How long a node may still look writable when its host has gone (see confirm()).
constexpr milliseconds kLossShows{1};

}  // namespace

HidLink::HidLink(Poller& poller, HidLinkOptions options)
    : poller_(poller),
      options_(std::move(options)),
      lines_{ReportLine(HidDevice::kKeyboard, poller), ReportLine(HidDevice::kPointer, poller),
             ReportLine(HidDevice::kMouse, poller), ReportLine(HidDevice::kControls, poller)} {
  host();
}

HidLink::~HidLink() {
  if (watched_cable_ >= 0) poller_.unwatch(watched_cable_);
}

void HidLink::watch_cable() {
  if (cable_.fd() == watched_cable_) return;
  if (watched_cable_ >= 0) poller_.unwatch(watched_cable_);
  watched_cable_ = cable_.fd();
  if (watched_cable_ >= 0) poller_.watch(watched_cable_, POLLPRI, [this](short) { host(); });
}

HostState HidLink::host() {
  const HostState before = std::exchange(host_, cable_.state());
  watch_cable();
  if (host_ == HostState::kReady) woken_ = false;
  if (host_ == HostState::kNoHost || host_ == HostState::kNoDevice) lights_.forget();
  if (host_ == before) return host_;
  devices_ = present_devices();
  if (changed_) changed_();
  return host_;
}

void HidLink::refresh() {
  if (host() == HostState::kReady) read_lights();
}

Error HidLink::not_taken(Exit exit, HostState host) const {
  switch (host) {
    case HostState::kReady:
      return {exit, "the USB host takes no reports", "is its keyboard driver running?"};
    case HostState::kNoHost:
      return {exit, "no USB host", options_.no_host_hint};
    case HostState::kAsleep:
      return {exit, "the target is asleep", options_.asleep_hint};
    case HostState::kNoDevice:
      break;
  }
  return {exit, "no gadget", options_.no_gadget_hint};
}

// ---- one device ----

// False: the node is missing now, but may appear.
bool HidLink::open(ReportLine& line) {
  try {
    line.open();
  } catch (const Error& error) {
    // A node that existed before comes back when the gadget is bound again.
    const bool used = line.state().stage() != LineState::Stage::kNew;
    const bool may_come = error.exit() == Exit::kUnavailable ||
                          (error.exit() == Exit::kNoInput && (used || !options_.timeout));
    if (!may_come) throw;
    return false;
  }
  if (line.device() != HidDevice::kKeyboard) return true;
  poller_.watch(line.node()->fd(), POLLIN, [this, &line](short events) {
    const Hidg& keyboard = *line.node();
    const bool failed = (events & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    if (!failed) read_lights();
    // Without a cable, Linux 6.12 signals POLLIN for ever although there is nothing to read.
    if (failed || keyboard.silent()) poller_.unwatch(keyboard.fd());
  });
  return true;
}

HidLink::Step HidLink::not_ready(ReportLine& line) {
  if (host_ == HostState::kAsleep) {
    // The kernel keeps its report until the host polls again. After that, we check again that the
    // host listens.
    line.state().meet_again();
    if (options_.wake && !std::exchange(woken_, true)) cable_.wake();
  } else {
    const bool is_new = line.state().stage() == LineState::Stage::kNew;
    if (host_ == HostState::kNoDevice && options_.timeout && is_new)
      throw not_taken(Exit::kNoInput, host_);
    line.state().host_went();
  }
  poller_.pause(kSlowTick);
  return Step::kWaiting;
}

// Waits until the host has taken the last probe, then gives it time to start if it needs that. The
// pointer is not probed; for it, waits until the host has taken any report that the kernel still
// holds.
HidLink::Step HidLink::greet(ReportLine& line) {
  if (!line.writable(kTick)) return Step::kWaiting;
  if (line.state().host_starts(Clock::now())) poller_.pause(kHostStarts);
  line.state().met();
  return Step::kProgress;
}

// Checks that the host has taken the last report, if there is one.
HidLink::Step HidLink::confirm(ReportLine& line) {
  if (!line.state().kernel_holds()) return Step::kDone;
  if (!line.writable(kTick)) return Step::kWaiting;
  // A report that is lost with the host makes room in the kernel too, but only for a moment.
  poller_.pause(kLossShows);
  if (!line.writable(milliseconds(0)) || host() != HostState::kReady) return Step::kWaiting;
  line.state().taken();
  return Step::kDone;
}

// One attempt to hand over `next` or, if `next` is null, to check that the host has taken the last
// report.
HidLink::Step HidLink::step(ReportLine& line, const Report* next) {
  if (host() != HostState::kReady) return not_ready(line);
  LineState& state = line.state();
  if (state.stage() != LineState::Stage::kMet && line.node() && line.node()->replaced())
    line.close();
  if (!line.node() && !open(line)) return poller_.pause(kSlowTick), Step::kWaiting;
  if (!line.node()->take_turn()) {
    if (!options_.queue)
      throw Error(Exit::kBusy, line.node()->path() + ": another kvm-type is typing");
    poller_.pause(kTick);
    return Step::kProgress;  // no timeout: the other process may type for any time
  }
  switch (state.next(Clock::now())) {
    case LineState::Move::kProbe:
      return line.probe() ? Step::kProgress : Step::kWaiting;
    case LineState::Move::kGreet:
      return greet(line);
    case LineState::Move::kResend:
      return line.resend() ? Step::kProgress : Step::kWaiting;
    case LineState::Move::kMeetAgain:
      state.meet_again();
      return Step::kWaiting;
    case LineState::Move::kDeliver:
      break;
  }
  if (!next) return confirm(line);
  return line.hand_over(*next) ? Step::kDone : Step::kWaiting;
}

void HidLink::drive(ReportLine& line, const Report* next) {
  auto since = Clock::now();
  for (;;) {
    const Step result = step(line, next);
    if (result == Step::kDone) {
      gave_up_ = false;
      return;
    }
    if (result == Step::kProgress) since = Clock::now();
    if (!options_.timeout || (!gave_up_ && Clock::now() - since < *options_.timeout)) continue;
    gave_up_ = true;
    if (host_ == HostState::kReady && !line.node()) Hidg missing(line.device());  // throws why
    const bool refused = host_ == HostState::kReady && line.state().refused();
    throw not_taken(Exit::kBusy, refused ? HostState::kNoHost : host_);
  }
}

// ---- as a ReportSink ----

bool HidLink::has(HidDevice device) {
  return line(device).node() || Hidg::exists(device);
}

void HidLink::send(const Report& report) {
  drive(line(report.device), &report);
}

void HidLink::settle() {
  for (ReportLine& line : lines_)
    if (line.state().unsettled()) drive(line, nullptr);
}

void HidLink::pause(milliseconds time) {
  if (time.count() <= 0) return;
  // The kernel shows now whether the host took the last report, but perhaps not after the pause.
  settle();
  poller_.pause(time);
}

bool HidLink::busy(HidDevice device) {
  return line(device).node() && !line(device).writable(milliseconds(0));
}

void HidLink::rest(HidDevice device) noexcept {
  if (Hidg* const node = line(device).node()) node->end_turn();
}

void HidLink::let_go(const Report& report) noexcept {
  line(report.device).let_go(report);
}

void HidLink::release(const Report& report) {
  if (host() != HostState::kReady) return;
  ReportLine& to = line(report.device);
  try {
    if (open(to) && to.node()->take_turn()) to.release(report);
  } catch (const Error&) {
    // The next send() throws the same error.
  }
}

void HidLink::release_leftovers() {
  release(nothing_down(HidDevice::kKeyboard));
  release_remembered();
}

void HidLink::release_remembered() {
  for (const HidDevice device : {HidDevice::kPointer, HidDevice::kMouse, HidDevice::kControls})
    if (const auto report = releasing_remembered(device)) release(*report);
}

void HidLink::wake() {
  const auto since = Clock::now();
  while (host() == HostState::kNoDevice || host_ == HostState::kNoHost) {
    const bool no_gadget = host_ == HostState::kNoDevice;
    if (options_.timeout && (no_gadget || Clock::now() - since >= *options_.timeout))
      throw not_taken(no_gadget ? Exit::kNoInput : Exit::kBusy, host_);
    poller_.pause(kSlowTick);
  }
  if (host_ != HostState::kAsleep) return;
  woken_ = true;  // the next report need not wake the host again
  cable_.wake();
}

// ---- lights ----

void HidLink::read_lights() {
  if (lights_.read(line(HidDevice::kKeyboard).node()) && changed_) changed_();
}

std::optional<Leds> HidLink::leds() {
  // Once a host takes reports, it has set the lights.
  drive(line(HidDevice::kKeyboard), nullptr);
  read_lights();
  return lights_.known();
}

bool HidLink::leds_change(const Leds& before) {
  settle();
  const auto deadline = Clock::now() + kLightsAnswer;
  for (;;) {
    read_lights();
    if (lights_.known() && *lights_.known() != before) return true;
    if (Clock::now() >= deadline) return false;
    poller_.pause(kTick);
  }
}

}  // namespace kvm
