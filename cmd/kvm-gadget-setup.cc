// kvm-gadget-setup: makes this machine the keyboard, mouse, disc… of another (kvm-gadget-setup(1)).
#include <charconv>

#include "cli.h"
#include "usb/disc.h"
#include "usb/gadget_setup.h"
#include "usb/gadget_watch.h"

namespace kvm {
namespace {

struct Options {
  std::string config;
  SetupOptions setup;
  bool dry_run = false, script = false, json = false;
  std::string image;
  bool cdrom = false, writable = false, force = false;
};

// up takes images as `--with disc:image=PATH,cdrom`.
const MediumHints kUpHints = {.not_cdrom = "leave out cdrom", .not_writable = "leave out ro=0"};
const DiscHints kDiscHints = {
    .no_drive = "kvm-gadget-setup up --with disc makes one",
    .locked = "eject it there, or with --force",
    .medium = {.not_cdrom = "leave out --cdrom", .not_writable = "leave out --writable"}};

DiscMode mode_of(const Options& options) {
  return options.cdrom      ? DiscMode::kCdrom
         : options.writable ? DiscMode::kWritable
                            : DiscMode::kReadOnly;
}

// Reads an ID in hexadecimal, as lsusb(8) prints it, with or without "0x".
std::uint16_t usb_id(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  std::uint16_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (error != std::errc{} || end != text.data() + text.size())
    throw Error(Exit::kUsage, "needs one to four hexadecimal digits, such as 1d6b");
  return id;
}

void add_gadget_options(CLI::App& app, SetupOptions& options) {
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
  const auto add_functions = [&](const char* name, std::vector<std::string>& functions,
                                 const char* help) {
    group(app.add_option(name, functions, help))
        ->type_name("FUNCTION")
        ->check(judged_by(parse_function))
        ->allow_extra_args(false);
  };
  GadgetSpec& spec = options.spec;
  group(app.add_option("--profile", options.profile, "kvm, keyboard or full"))
      ->type_name("NAME")
      ->check(judged_by([](const std::string& name) { profile(name); }))
      ->capture_default_str();
  add_functions("--with", options.with, "Add a function: NAME[:OPTION[=VALUE],...]");
  add_functions("--without", options.without, "Leave a function of the profile out");
  group(app.add_option("--udc", spec.udc, "The controller, a name in /sys/class/udc"))
      ->type_name("NAME");
  add_id("--vendor-id", spec.vendor_id, "USB vendor (default: 1d6b, Linux Foundation)");
  add_id("--product-id", spec.product_id, "USB product (default: 0104, composite gadget)");
  add_text("--manufacturer", spec.manufacturer, "Manufacturer that the host shows")
      ->capture_default_str();
  add_text("--product", spec.product, "Product name that the host shows")->capture_default_str();
  add_text("--serial", spec.serial, "Serial number (default: derived from this machine's ID)");
  group(app.add_option("--max-power", spec.max_power_ma, "Current that the gadget may draw, in mA"))
      ->type_name("MA")
      ->check(number_from(0, 500))
      ->capture_default_str();
  group(app.add_flag_callback(
      "--bus-powered", [&spec] { spec.power = GadgetSpec::Power::kBus; },
      "Tell the host that this machine has no supply of its own"));
  group(app.add_option("--max-speed", spec.max_speed, "Be no faster than this USB speed"))
      ->type_name("SPEED")
      ->check(
          CLI::IsMember({"low-speed", "full-speed", "high-speed", "super-speed"}).description(""));
  group(app.add_flag("--remote-wakeup", spec.remote_wakeup,
                     "Tell the host that the gadget can wake it"));
}

}  // namespace
}  // namespace kvm

int main(int argc, char** argv) {
  using namespace kvm;
  CLI::App app("Makes this machine the USB keyboard, mouse, disc... of another",
               "kvm-gadget-setup");
  Options options;
  options.setup.hints = kUpHints;
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Print the help of all subcommands and exit");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--config", options.config,
                 "Read options from FILE; the command line takes precedence")
      ->type_name("FILE")
      ->configurable(false);
  add_gadget_options(app, options.setup);

  CLI::App* up = app.add_subcommand("up", "Make the gadget, or change what differs");
  up->add_flag("-n,--dry-run", options.dry_run, "Print what would be done");
  up->add_flag("--script", options.script, "Print the steps as a shell script");
  CLI::App* plan = app.add_subcommand("plan", "Short for up --dry-run");
  for (CLI::App* command : {up, plan}) command->fallthrough();
  CLI::App* down = app.add_subcommand("down", "Disconnect the gadget and remove it");
  down->add_flag("-n,--dry-run", options.dry_run, "Print what would be done");
  CLI::App* status =
      app.add_subcommand("status", "Print the state; exit 0 if the host has configured the gadget");
  CLI::App* watch = app.add_subcommand("watch", "Print a line at each change");
  for (CLI::App* command : {status, watch})
    command->add_flag("--json", options.json, "Print JSON, one object per line");

  CLI::App* disc = app.add_subcommand("disc", "The medium in the drive");
  disc->require_subcommand(1);
  CLI::App* insert = disc->add_subcommand("insert", "Put an image into the drive");
  insert->add_option("IMAGE", options.image, "A file or block device")->required();
  CLI::Option* cdrom = insert->add_flag("--cdrom", options.cdrom, "Present the image as a CD-ROM");
  insert->add_flag("--writable", options.writable, "The target may write to it")->excludes(cdrom);
  CLI::App* eject = disc->add_subcommand("eject", "Take the medium out");
  eject->add_flag("--force", options.force, "Eject even if the host has locked the drive");
  disc->add_subcommand("status", "Print which image is in the drive; exit 0 if there is one");

  return run_cli(app, argc, argv, [&] {
    StopSignals stop;
    const StatusFormat format = options.json ? StatusFormat::kJson : StatusFormat::kText;
    if (status->parsed()) return print_status(format);
    if (watch->parsed()) watch_status(format, stop);
    if (disc->parsed() && !insert->parsed() && !eject->parsed()) return print_disc();

    if (up->parsed() && options.script)
      print_script(options.setup);
    else if (plan->parsed() || (up->parsed() && options.dry_run))
      print_plan(options.setup);
    else if (up->parsed())
      bring_up(options.setup, stop);
    else if (down->parsed() && options.dry_run)
      print_removal();
    else if (down->parsed())
      take_down(stop);
    else if (insert->parsed())
      insert_disc({options.image, mode_of(options)}, kDiscHints, stop);
    else
      eject_disc(options.force ? Eject::kForce : Eject::kAsk, kDiscHints, stop);
    return Exit::kDone;
  });
}
