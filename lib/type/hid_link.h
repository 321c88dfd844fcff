// The gadget's keyboard and mice as one ReportSink: reports reach the host once each, in order,
// through sleep, unplugging and other writers.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <optional>

#include "base/poller.h"
#include "type/report_sink.h"
#include "usb/cable.h"
#include "usb/hidg.h"

namespace kvm {

struct HidLinkOptions {
  // Without progress for so long an Error is thrown (Exit::kBusy). nullopt: wait for ever, for a
  // gadget too.
  std::optional<std::chrono::milliseconds> timeout = std::chrono::seconds(5);
  bool queue = true;  // wait while another process has its turn; otherwise Error (Exit::kBusy)
  bool wake = false;  // a host that is asleep
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

  // Releases what a kvm-type that was killed left down: keys and buttons, or only the buttons,
  // where a key is sent next (the first report to a host releases keys). Quiet where that cannot
  // be.
  void release_leftovers();
  void release_buttons();

  // For status lines. `changed` is called from within waits and sends when one of the two differs.
  HostState host();
  // Looks at what no descriptor tells: suspend, a gadget that appears, lights another has read.
  void refresh();
  std::optional<Leds> known_leds() const noexcept { return leds_; }
  void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

 private:
  enum class Step { kDone, kFurther, kWaiting };
  struct Line {
    std::optional<Hidg> node;
    std::optional<Report> held;   // by the kernel, and not known to be taken
    std::optional<Report> again;  // lost when the host went away
    bool used = false;            // by this process
    bool away = true;             // the host was, as far as we know
    int probes = 0;               // reports in which nothing is down, handed over since
    std::chrono::steady_clock::time_point handed_at;  // `held`, or the probe
    bool refused = false;  // there is no host, whatever the controller says
    bool buttons = false;  // of a mouse, are remembered as down
  };

  Line& line(HidDevice device) noexcept { return lines_[static_cast<std::size_t>(device)]; }
  void drive(HidDevice device, const Report* next);
  Step step(HidDevice device, const Report* next);
  Step not_ready(Line& line);
  Step meet_host(HidDevice device);
  void went_away(Line& line) noexcept;
  bool open(HidDevice device);
  void close(Line& line) noexcept;
  bool hand_over(Line& line, const Report& report);
  void remember(Line& line, const Report& report) noexcept;
  void release(const Report& report);
  void read_leds();
  void set_leds(Leds leds);

  Poller& poller_;
  HidLinkOptions options_;
  Cable cable_;
  int watched_cable_ = -1;
  HostState host_ = HostState::kNoDevice;
  std::array<Line, kHidDevices> lines_;
  bool woken_ = false;
  bool gave_up_ = false;  // the next report does not wait as long again
  std::optional<Leds> leds_;
  bool leds_kept_ = true;  // all that was read of them is remembered
  std::function<void()> changed_;
};

}  // namespace kvm
