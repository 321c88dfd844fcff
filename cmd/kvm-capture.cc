// kvm-capture: frames of a screen, from a capture device to stdout.
#include <algorithm>
#include <cctype>
#include <cstdio>

#include "base/message.h"
#include "capture/edid.h"
#include "capture/engine.h"
#include "capture/listing.h"
#include "capture/pattern_source.h"
#include "capture/v4l2_source.h"
#include "cli.h"

namespace kvm {
namespace {

constexpr Size kTestSize{1280, 720};
constexpr Rate kTestRate{30, 1};
constexpr double kCountTimeoutS = 10;  // the default with -n, so that no script hangs
constexpr V4l2Hints kHints = {
    .missing = "is the device plugged in? `kvm-capture --list` shows all devices",
    .none_found = "is it plugged in? -d test needs no device",
    .unsuitable = "see kvm-capture --list",
    .no_bandwidth = "try -f MJPG, a lower -r or -s, or another port",
};

struct Arguments {
  std::string device = "auto", output, size, rate, fourcc, subsampling = "420", edid, input,
              standard;
  std::vector<std::string> controls;
  std::optional<double> timeout_s, every_s;
  bool wait = false, retile = false, list = false, json = false;
  CaptureOptions capture;
};

Error usage(const std::string& message) {
  return {Exit::kUsage, message, "see kvm-capture --help"};
}

// ---- from arguments to options ----

std::pair<std::string, std::string> control_of(const std::string& argument) {
  const auto equals = argument.find('=');
  if (equals == argument.npos) throw usage("--control: not NAME=VALUE: " + argument);
  return {argument.substr(0, equals), argument.substr(equals + 1)};
}

std::uint32_t fourcc_of(const std::string& argument) {
  std::string name = argument;  // all known names are in capitals
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const auto fourcc = parse_fourcc(name);
  if (!fourcc) throw usage("-f: not a format: " + argument);
  return *fourcc;
}

V4l2Wishes wishes_of(const Arguments& arguments) {
  V4l2Wishes wishes;
  wishes.hints = kHints;
  wishes.device = arguments.device;
  wishes.wait = arguments.wait;
  wishes.input = arguments.input;
  wishes.standard = arguments.standard;
  if (!arguments.size.empty()) {
    wishes.size = parse_size(arguments.size);
    if (!wishes.size)
      throw usage("-s: not a size: " + arguments.size +
                  ": wanted WIDTHxHEIGHT, 16x16 to 16384x16384");
  }
  if (!arguments.rate.empty()) {
    wishes.rate = parse_rate(arguments.rate);
    if (!wishes.rate)
      throw usage("-r: not a rate: " + arguments.rate +
                  ": wanted a number such as 25, 29.97 or 30000/1001");
  }
  if (!arguments.fourcc.empty()) wishes.fourcc = fourcc_of(arguments.fourcc);
  for (const std::string& control : arguments.controls)
    wishes.controls.push_back(control_of(control));
  if (!arguments.edid.empty())
    wishes.edid = parse_edid(as_bytes(read_file(arguments.edid, 1 << 16)), arguments.edid);
  return wishes;
}

CaptureOptions options_of(const Arguments& arguments, std::optional<Rate> rate) {
  CaptureOptions options = arguments.capture;
  options.encoder.subsampling = arguments.subsampling == "444"   ? Subsampling::k444
                                : arguments.subsampling == "422" ? Subsampling::k422
                                                                 : Subsampling::k420;
  if (arguments.retile) options.pass_through = PassThrough::kRetiled;
  options.health.timeout_s = arguments.timeout_s.value_or(options.count > 0 ? kCountTimeoutS : 0);
  if (rate) options.rate_hz = rate->hz();
  if (arguments.every_s) {
    options.rate_hz = 1 / *arguments.every_s;
    options.all_frames = true;
  }
  return options;
}

std::unique_ptr<CaptureSource> open_source(V4l2Wishes wishes) {
  std::string_view device = wishes.device;
  if (device != "test" && !device.starts_with("test:"))
    return std::make_unique<V4l2Source>(std::move(wishes));
  device.remove_prefix(std::min<std::size_t>(5, device.size()));
  const auto kind = pattern_by_name(device);
  if (!kind) throw usage("-d: no such test picture: " + std::string(device));
  const Size size = wishes.size.value_or(kTestSize);
  return std::make_unique<PatternSource>(*kind, size.width, size.height,
                                         wishes.rate.value_or(kTestRate));
}

// ---- listing and capturing ----

Exit list(const Arguments& arguments) {
  const auto nodes = find_devices(arguments.device, kHints);
  if (nodes.empty()) say("no capture device found (is it plugged in?)");
  const std::string text =
      arguments.json ? listed_as_json(nodes).pretty() + "\n" : listed_as_text(nodes);
  std::fputs(text.c_str(), stdout);
  return Exit::kDone;
}

Exit capture(const Arguments& arguments) {
  if (arguments.output.empty() && ::isatty(STDOUT_FILENO))
    throw usage(
        "frames are binary, and stdout is a terminal: use a pipe, -o FILE, or -o - to write there");
  // A write to a FIFO without a reader fails instead, so that we can say which FIFO it was.
  ::signal(SIGPIPE, SIG_IGN);
  StopSignals stop;
  Poller poller(stop);
  V4l2Wishes wishes = wishes_of(arguments);
  const CaptureOptions options = options_of(arguments, wishes.rate);
  FrameOutput output(arguments.output.empty() ? "-" : arguments.output);
  const auto source = open_source(std::move(wishes));
  Capture(arguments.device, *source, output, options, poller).run();
  return Exit::kDone;
}

}  // namespace
}  // namespace kvm

int main(int argc, char** argv) {
  using namespace kvm;
  Arguments arguments;
  CaptureOptions& options = arguments.capture;
  CLI::App app{"Writes frames of a capture device's picture: JPEG images, one after the other.",
               "kvm-capture"};
  const auto value = [&](const char* names, auto& into, const char* type, const char* help) {
    return app.add_option(names, into, help)->type_name(type);
  };
  value("-d,--device", arguments.device, "DEVICE",
        "A path, a name in /dev/v4l/by-id, auto or test[:KIND] (default: auto)");
  app.add_flag("--list", arguments.list, "List the capture devices, their formats and controls");
  app.add_flag("--json", arguments.json, "List as JSON")->needs("--list");
  value("-s,--size", arguments.size, "WxH", "Size of the picture, in pixels");
  value("-r,--rate", arguments.rate, "FPS", "Frames a second: 30, 29.97, 30000/1001");
  value("-f,--format", arguments.fourcc, "FOURCC",
        "Format of the device: MJPG, YUYV, NV12... (default: the best)");
  value("-q,--quality", options.encoder.quality, "QUALITY", "JPEG quality, 1 to 100 (default: 80)")
      ->check(number_from(1, 100));
  value("--subsampling", arguments.subsampling, "420|422|444", "Colour subsampling (default: 420)")
      ->check(CLI::IsMember({"420", "422", "444"}).description(""));
  value("--threads", options.encoder.threads, "N",
        "Threads to encode with (default: one per core, up to 8)")
      ->check(number_from(1, 64));
  value("--noise", options.encoder.noise, "N",
        "Ignore differences of up to N in each sample (default: 0)")
      ->check(number_from(0, 64));
  app.add_flag("--retile", arguments.retile, "Cut passed-through JPEG into tiles, without loss");
  value("--skip", options.skip, "N", "Leave out the first N pictures")
      ->check(number_from<std::int64_t>(0, 1'000'000));
  value("-n,--count", options.count, "COUNT", "Stop after COUNT frames")
      ->check(number_from<std::int64_t>(1, 1'000'000'000'000));
  value("-o,--output", arguments.output, "FILE",
        "Write to FILE, a strftime(3) pattern (default: -, stdout)")
      ->check(judged_by([](const std::string& name) {
        if (name.empty()) throw Error(Exit::kUsage, "the name of the file is empty");
      }));
  value("--every", arguments.every_s, "SECONDS", "Time lapse: one frame every SECONDS seconds")
      ->check(number_from(0.01, 1e6))
      ->excludes("--rate");
  app.add_flag("--all-frames", options.all_frames, "Repeat pictures that did not change");
  value("--input", arguments.input, "INPUT",
        "Take this input of the device: its number or its name");
  value("--standard", arguments.standard, "NAME",
        "Television standard of an analogue input: PAL, NTSC...");
  value("--control", arguments.controls, "NAME=VALUE",
        "Set a control of the device; may be repeated")
      ->allow_extra_args(false);
  value("--edid", arguments.edid, "FILE", "Show this EDID to the target");
  value("--timeout", arguments.timeout_s, "SECONDS",
        "Give up after SECONDS without a picture (default: 10 with -n, else never)")
      ->check(number_from(0.0, 1e6));
  app.add_flag("--wait", arguments.wait, "Wait for a device that is not there yet");
  app.add_flag("--exit-on-loss", options.health.exit_on_loss,
               "Exit when the signal or the device is lost, instead of waiting");
  app.add_flag("-v,--verbose", options.verbose, "Report statistics every 5 seconds");
  return run_cli(app, argc, argv,
                 [&] { return arguments.list ? list(arguments) : capture(arguments); });
}
