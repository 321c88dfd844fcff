// kvm-gadget-setup: makes this machine the keyboard, mouse, disc… of another (kvm-gadget-setup(1)).
#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "base/clock.h"
#include "base/message.h"
#include "base/signals.h"
#include "cli.h"
#include "usb/disc.h"
#include "usb/gadget.h"
#include "usb/gadget_spec.h"
#include "usb/gadget_status.h"

namespace kvm {
namespace {

struct Options {
  std::string config;
  GadgetSpec spec;
  std::string profile = "kvm";
  std::vector<std::string> with, without;
  bool dry_run = false, script = false, json = false;
  std::string image;
  bool cdrom = false, writable = false, force = false;
};

bool has(const std::vector<GadgetFunction>& functions, FunctionKind kind) {
  return std::any_of(functions.begin(), functions.end(),
                     [&](const GadgetFunction& function) { return function.kind == kind; });
}

// The specification as the options give it, but for the controller.
GadgetSpec spec_of(const Options& options) {
  GadgetSpec spec = options.spec;
  spec.functions = profile(options.profile);
  for (const std::string& text : options.with) add_function(spec.functions, parse_function(text));
  for (const std::string& name : options.without) {
    const FunctionKind kind = parse_function(name).kind;
    if (!has(spec.functions, kind))
      throw Error(Exit::kUsage, "--without " + name + ": it is not there anyway");
    std::erase_if(spec.functions, [&](const auto& function) { return function.kind == kind; });
  }
  spec.machine = machine_identity();
  return spec;
}

// Sees to it that the functions fit on the controller.
void fit(GadgetSpec& spec, const Options& options, const Udc& udc) {
  const auto available = endpoints_of_driver(udc.driver);
  if (!available) return;
  const std::string controller = udc.name + " (" + udc.driver + ")";
  // The relative mouse is what a full set can best do without.
  if (options.profile == "full" && options.with.empty() &&
      endpoints_of(spec.functions).in > available->in &&
      has(spec.functions, FunctionKind::kMouse)) {
    std::erase_if(spec.functions,
                  [](auto& function) { return function.kind == FunctionKind::kMouse; });
    say(controller + " has " + std::to_string(available->in) +
        " IN endpoints: full goes without the relative mouse");
  }
  check_endpoints(spec.functions, *available, controller);
}

// For a machine that need not be this one: what is not known of its controller is not judged.
Exit print_script(GadgetSpec spec, const Options& options) {
  for (const Udc& udc : list_udcs()) {
    if (!spec.udc.empty() && udc.name != spec.udc) continue;
    fit(spec, options, udc);
    break;
  }
  std::fputs(shell_script(tree_of(spec), kGadgetName).c_str(), stdout);
  return Exit::kDone;
}

// What the gadget is to be on the controller that is chosen for it.
GadgetTree wanted(GadgetSpec spec, const Options& options, const Gadget& gadget) {
  const Udc udc = choose_udc(gadget, spec.udc);
  spec.udc = udc.name;
  fit(spec, options, udc);
  GadgetTree tree = tree_of(spec);
  check_medium(gadget, tree);
  return tree;
}

Exit up(const Options& options, StopSignals& signals) {
  const GadgetSpec spec = spec_of(options);
  const Gadget gadget;
  if (options.script) return print_script(spec, options);
  if (options.dry_run) {
    for (const GadgetStep& step : plan(gadget.read(), wanted(spec, options, gadget)))
      std::puts(describe(step).c_str());
    return Exit::kDone;
  }
  Gadget::prepare();
  const Fd lock = Gadget::lock([&] { signals.check(); });
  const GadgetTree to = wanted(spec, options, gadget);
  const auto done = [&](const GadgetStep& step) {
    check_writable(gadget, to, step, "leave out ro=0");
    signals.check();
  };
  change(gadget, to, done, say);
  return Exit::kDone;
}

Exit down(const Options& options, StopSignals& signals) {
  const Gadget gadget;
  if (options.dry_run) {
    for (const GadgetStep& step : plan(gadget.read(), {})) std::puts(describe(step).c_str());
    return Exit::kDone;
  }
  if (!Gadget::available()) return Exit::kDone;
  const Fd lock = Gadget::lock([&] { signals.check(); });
  // A gadget half taken down is better taken down than put together again.
  for (const GadgetStep& step : plan(gadget.read(), {})) {
    signals.check();
    gadget.apply(step);
  }
  return Exit::kDone;
}

Exit status(const Options& options) {
  const GadgetStatus status = read_status(Gadget());
  std::puts(options.json ? to_json(status).text().c_str() : describe(status).c_str());
  return status.configured() ? Exit::kDone : Exit::kNo;
}

std::string local_time() {
  const std::time_t now = static_cast<std::time_t>(unix_us() / 1'000'000);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%FT%T%z ", &parts);
  return text;
}

// The kernel wakes those who poll a controller's state; what else may change is looked at twice a
// second.
void wait_for_change(const GadgetStatus& status, StopSignals& signals) {
  Fd state;
  if (status.udc) {
    const std::string path = sys_path("/sys/class/udc/" + status.udc->name + "/state");
    state.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char text[64];
    [[maybe_unused]] const ssize_t n = state ? ::read(state.get(), text, sizeof text) : 0;
  }
  pollfd waiting[] = {{signals.fd(), POLLIN, 0}, {state.get(), POLLPRI, 0}};
  ::poll(waiting, 2, 500);
  signals.check();
}

Exit watch(const Options& options, StopSignals& signals) {
  std::optional<GadgetStatus> last;
  for (;;) {
    const GadgetStatus status = read_status(Gadget());
    if (status != last) {
      std::puts(options.json ? to_json(status).text().c_str()
                             : (local_time() + summarize(status)).c_str());
      if (std::fflush(stdout) != 0) throw Error::from_errno("stdout");
      last = status;
    }
    wait_for_change(status, signals);
  }
}

Exit insert(const Options& options, StopSignals& signals) {
  const DiscMode mode = options.cdrom      ? DiscMode::kCdrom
                        : options.writable ? DiscMode::kWritable
                                           : DiscMode::kReadOnly;
  const Fd lock = Gadget::lock([&] { signals.check(); });
  insert_disc(
      Gadget(), options.image, mode,
      [&] {
        say(std::string("the drive becomes a ") + (options.cdrom ? "CD-ROM" : "disk") +
            ": the host sees the cable pulled and plugged in");
      },
      say);
  return Exit::kDone;
}

Exit eject(const Options& options, StopSignals& signals) {
  const Fd lock = Gadget::lock([&] { signals.check(); });
  eject_disc(Gadget(), options.force ? Eject::kForce : Eject::kAsk);
  return Exit::kDone;
}

Exit disc_status() {
  const auto disc = read_status(Gadget()).disc;
  std::puts(disc ? describe(*disc).c_str() : "no drive");
  return disc && !disc->image.empty() ? Exit::kDone : Exit::kNo;
}

// As lsusb(8) prints it, in hexadecimal; "0x" may stand before it.
std::uint16_t usb_id(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  std::uint16_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (error != std::errc{} || end != text.data() + text.size())
    throw Error(Exit::kUsage, "needs one to four hexadecimal digits, such as 1d6b");
  return id;
}

void add_gadget_options(CLI::App& app, Options& options) {
  const auto group = [](CLI::Option* option) { return option->group("Gadget options"); };
  const auto add_id = [&](const char* name, std::uint16_t& id, const char* help) {
    const auto read = [&id](const std::string& text) { id = usb_id(text); };
    group(app.add_option_function<std::string>(name, read, help))
        ->type_name("HEX")
        ->check(judged_by(usb_id));
  };
  const auto add_text = [&](const char* name, std::string& text, const char* help) {
    return group(app.add_option(name, text, help))
        ->type_name("TEXT")
        ->check(judged_by(check_string));
  };
  group(app.add_option("--profile", options.profile, "kvm, keyboard or full"))
      ->type_name("NAME")
      ->check(judged_by([](const std::string& name) { profile(name); }))
      ->capture_default_str();
  group(app.add_option("--with", options.with, "Add a function: NAME[:OPTION[=VALUE],...]"))
      ->type_name("FUNCTION")
      ->check(judged_by(parse_function))
      ->allow_extra_args(false);
  group(app.add_option("--without", options.without, "Leave a function of the profile out"))
      ->type_name("FUNCTION")
      ->check(judged_by(parse_function))
      ->allow_extra_args(false);
  group(app.add_option("--udc", options.spec.udc, "The controller, of /sys/class/udc"))
      ->type_name("NAME");
  add_id("--vendor-id", options.spec.vendor_id, "USB vendor (default: 1d6b, Linux Foundation)");
  add_id("--product-id", options.spec.product_id, "USB product (default: 0104, composite gadget)");
  add_text("--manufacturer", options.spec.manufacturer, "What the host shows")
      ->capture_default_str();
  add_text("--product", options.spec.product, "What the host shows")->capture_default_str();
  add_text("--serial", options.spec.serial, "Serial number (default: one of this machine's own)");
  group(app.add_option("--max-power", options.spec.max_power_ma, "What it may draw, in mA"))
      ->type_name("MA")
      ->check(number_from(0, 500))
      ->capture_default_str();
  group(app.add_flag("--remote-wakeup", options.spec.remote_wakeup, "May wake a sleeping host"));
}

}  // namespace
}  // namespace kvm

int main(int argc, char** argv) {
  using namespace kvm;
  CLI::App app("Makes this machine the USB keyboard, mouse, disc... of another",
               "kvm-gadget-setup");
  Options options;
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Print the help of all subcommands and exit");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--config", options.config, "Read options from FILE; those given here win")
      ->type_name("FILE")
      ->configurable(false);
  add_gadget_options(app, options);

  CLI::App* up_command = app.add_subcommand("up", "Make the gadget, or change what differs");
  up_command->add_flag("-n,--dry-run", options.dry_run, "Print what would be done");
  up_command->add_flag("--script", options.script, "Print it as a shell script");
  CLI::App* plan_command = app.add_subcommand("plan", "Short for up --dry-run");
  for (CLI::App* command : {up_command, plan_command}) command->fallthrough();
  CLI::App* down_command = app.add_subcommand("down", "Disconnect the gadget and remove it");
  down_command->add_flag("-n,--dry-run", options.dry_run, "Print what would be done");
  CLI::App* status_command =
      app.add_subcommand("status", "Tell how it is; exit 0 if the host has configured it");
  CLI::App* watch_command = app.add_subcommand("watch", "Print a line at each change");
  for (CLI::App* command : {status_command, watch_command})
    command->add_flag("--json", options.json, "As JSON, one line");

  CLI::App* disc_command = app.add_subcommand("disc", "The medium in the drive");
  disc_command->require_subcommand(1);
  CLI::App* insert_command = disc_command->add_subcommand("insert", "Put an image in");
  insert_command->add_option("IMAGE", options.image, "A file or block device")->required();
  CLI::Option* cdrom = insert_command->add_flag("--cdrom", options.cdrom, "As a CD-ROM");
  insert_command->add_flag("--writable", options.writable, "The target may write to it")
      ->excludes(cdrom);
  CLI::App* eject_command = disc_command->add_subcommand("eject", "Take it out");
  eject_command->add_flag("--force", options.force, "Even if the host has locked it");
  disc_command->add_subcommand("status", "Tell what is in; exit 0 if something is");

  return run_cli(app, argc, argv, [&] {
    options.dry_run = options.dry_run || plan_command->parsed();
    StopSignals signals;
    if (up_command->parsed() || plan_command->parsed()) return up(options, signals);
    if (down_command->parsed()) return down(options, signals);
    if (status_command->parsed()) return status(options);
    if (watch_command->parsed()) return watch(options, signals);
    if (insert_command->parsed()) return insert(options, signals);
    if (eject_command->parsed()) return eject(options, signals);
    return disc_status();
  });
}
