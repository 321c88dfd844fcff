// The gadget's keyboard, mice and controls as one ReportSink: reports reach the host once each, in
// order, even if the host sleeps, the cable is unplugged, or other processes write too.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/poller.h"
#include "type/led_reader.h"
#include "type/report_line.h"
#include "type/report_sink.h"
#include "usb/host_cable.h"

namespace kvm {

struct HidLinkOptions {
  // An Error (Exit::kBusy) is thrown after this time without progress. nullopt: wait for ever, even
  // for a gadget to be made.
  std::optional<std::chrono::milliseconds> timeout = std::chrono::seconds(5);
  bool queue = true;  // wait while another process has the turn; otherwise Error (Exit::kBusy)
  bool wake = false;  // wake a host that is asleep
  // What to try; shown with the error for each of these states.
  std::string no_host_hint = "is the cable plugged in and the target on?";
  std::string asleep_hint{};
  std::string no_gadget_hint = "kvm-gadget-setup up makes one";
};

class HidLink : public ReportSink {
 public:
  HidLink(Poller& poller, HidLinkOptions options);
  ~HidLink() override;
  HidLink(const HidLink&) = delete;
  HidLink& operator=(const HidLink&) = delete;

  bool has(HidDevice device) override;
  void send(const Report& report) override;
  void settle() override;
  bool busy(HidDevice device) override;
  void rest(HidDevice device) noexcept override;
  void let_go(const Report& report) noexcept override;
  void pause(std::chrono::milliseconds time) override;
  std::optional<Leds> leds() override;
  bool leds_change(const Leds& before) override;
  void wake() override;

  // Releases the keys and buttons that a killed kvm-type left down. Does nothing where no host
  // takes reports, or where another kvm-type is typing.
  void release_leftovers();
  // Like release_leftovers(), but for all devices except the keyboard. Before a key is sent this is
  // enough, because the first report to a host releases all keys.
  void release_remembered();

  // The names of the devices that the gadget has, as of the last change of the host's state.
  const std::vector<std::string>& devices() const noexcept { return devices_; }
  // The state of the host now. Calls the callback of on_change() if the state changed.
  HostState host();
  std::optional<Leds> known_leds() const noexcept { return lights_.known(); }
  // Checks for changes that no file descriptor signals: suspend, a new gadget, lights that another
  // kvm-type read.
  void refresh();
  // `changed` is called, also from within waits and sends, when host() or known_leds() changed.
  void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

 private:
  enum class Step { kDone, kProgress, kWaiting };

  ReportLine& line(HidDevice device) noexcept { return lines_[static_cast<std::size_t>(device)]; }
  void watch_cable();
  void drive(ReportLine& line, const Report* next);
  Step step(ReportLine& line, const Report* next);
  Step not_ready(ReportLine& line);
  Step greet(ReportLine& line);
  Step confirm(ReportLine& line);
  bool open(ReportLine& line);
  void release(const Report& report);
  void read_lights();
  Error not_taken(Exit exit, HostState host) const;

  Poller& poller_;
  HidLinkOptions options_;
  HostCable cable_;
  int watched_cable_ = -1;
  HostState host_ = HostState::kNoDevice;
  std::vector<std::string> devices_;
  std::array<ReportLine, std::size(kHidDevices)> lines_;  // by HidDevice
  LedReader lights_;
  bool woken_ = false;    // the host was woken since it was last ready
  bool gave_up_ = false;  // since a timeout no report got through: the next one fails at once
  std::function<void()> changed_;
};

}  // namespace kvm
