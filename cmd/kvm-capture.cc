// kvm-capture: frames of a screen, from a capture device to stdout.
#include <algorithm>
#include <cctype>
#include <cstdio>

#include "base/json.h"
#include "base/message.h"
#include "base/text.h"
#include "capture/edid.h"
#include "capture/engine.h"
#include "capture/pattern_source.h"
#include "capture/v4l2_source.h"
#include "cli.h"

namespace kvm {
namespace {

constexpr Size kTestSize{1280, 720};
constexpr Rate kTestRate{30, 1};
constexpr double kCountTimeoutS = 10;  // -n gives up then, so that no script hangs

struct Arguments {
  std::string device = "auto", output, size, rate, fourcc, subsampling = "420", edid;
  std::vector<std::string> controls;
  std::optional<double> timeout_s, every_s;
  bool wait = false, list = false, json = false;
  CaptureOptions capture;
};

Error usage(const std::string& what) {
  return {Exit::kUsage, what + " (see kvm-capture --help)"};
}

Size parse_size(const std::string& text) {
  const auto x = text.find('x');
  const auto width = parse_number<int>(std::string_view(text).substr(0, x));
  const auto height =
      x == text.npos ? std::nullopt : parse_number<int>(std::string_view(text).substr(x + 1));
  constexpr int kMost = 16384;
  if (!width || !height || *width < 16 || *height < 16 || *width > kMost || *height > kMost)
    throw usage("-s: not a size: " + text + ": wanted WIDTHxHEIGHT, 16x16 to 16384x16384");
  return {*width, *height};
}

// ---- --list ----

std::string text_of(const Rate& rate) {
  return strf("%g", rate.hz());
}

std::string text_of(const Size& size) {
  return strf("%dx%d", size.width, size.height);
}

void print_device(const V4l2Node& node) {
  std::printf("%s  %s (%s, %s)\n", node.path().c_str(), node.card().c_str(), node.driver().c_str(),
              node.bus().c_str());
  const SignalInfo signal = detect_signal(node);
  if (signal.timings)
    std::printf("  signal: %ux%u at %.4g Hz\n", signal.timings->bt.width, signal.timings->bt.height,
                timings_hz(*signal.timings));
  else if (signal.signal != Signal::kSteady)
    std::printf("  signal: none: %s\n", describe(signal.signal));
  for (const FormatInfo& format : list_formats(node)) {
    std::printf("  %s  %s%s\n", fourcc_name(format.fourcc).c_str(), format.description.c_str(),
                format.usable ? "" : " (cannot be used)");
    for (const SizeInfo& size : format.sizes) {
      std::string line = text_of(size.most);
      if (!(size.least == size.most)) line = text_of(size.least) + " to " + line;
      for (const Rate& rate : size.rates)
        line += (&rate == &size.rates.front() ? "  " : " ") + text_of(rate);
      std::printf("    %s\n", line.c_str());
    }
  }
  for (const ControlInfo& control : list_controls(node)) {
    std::printf("  %s (%s) %lld to %lld, default %lld, now %lld%s\n", control.name.c_str(),
                control.type.c_str(), static_cast<long long>(control.least),
                static_cast<long long>(control.most), static_cast<long long>(control.standard),
                static_cast<long long>(control.value), control.read_only ? ", read-only" : "");
    for (const auto& [value, name] : control.menu)
      std::printf("    %lld %s\n", static_cast<long long>(value), name.c_str());
  }
}

Json json_of(const SizeInfo& size) {
  std::vector<Json> rates;
  for (const Rate& rate : size.rates) rates.push_back(rate.hz());
  std::vector<Json::Member> members = {
      {"width", size.most.width}, {"height", size.most.height}, {"rates", Json::array(rates)}};
  if (!(size.least == size.most)) {
    members.emplace_back("least_width", size.least.width);
    members.emplace_back("least_height", size.least.height);
  }
  return Json::object(members);
}

Json json_of(const FormatInfo& format) {
  std::vector<Json> sizes;
  for (const SizeInfo& size : format.sizes) sizes.push_back(json_of(size));
  return Json::object({{"fourcc", fourcc_name(format.fourcc)},
                       {"description", format.description},
                       {"usable", format.usable},
                       {"sizes", Json::array(sizes)}});
}

Json json_of(const ControlInfo& control) {
  std::vector<std::string> values;  // which the members' names point into
  for (const auto& [value, name] : control.menu) values.push_back(std::to_string(value));
  std::vector<Json::Member> menu;
  for (std::size_t i = 0; i < values.size(); ++i)
    menu.emplace_back(values[i], control.menu[i].second);
  return Json::object({{"name", control.name},
                       {"type", control.type},
                       {"min", control.least},
                       {"max", control.most},
                       {"step", control.step},
                       {"default", control.standard},
                       {"value", control.value},
                       {"read_only", control.read_only},
                       {"menu", Json::object(menu)}});
}

Json json_of(const V4l2Node& node) {
  const SignalInfo signal = detect_signal(node);
  Json timings;
  if (signal.timings)
    timings = Json::object({{"width", signal.timings->bt.width},
                            {"height", signal.timings->bt.height},
                            {"rate", timings_hz(*signal.timings)}});
  std::vector<Json> formats, controls;
  for (const FormatInfo& format : list_formats(node)) formats.push_back(json_of(format));
  for (const ControlInfo& control : list_controls(node)) controls.push_back(json_of(control));
  return Json::object({{"path", node.path()},
                       {"card", node.card()},
                       {"driver", node.driver()},
                       {"bus", node.bus()},
                       {"signal", signal.signal == Signal::kSteady},
                       {"timings", timings},
                       {"formats", Json::array(formats)},
                       {"controls", Json::array(controls)}});
}

// All devices, the one that `-d auto` takes first; with -d, that one.
Exit list(const Arguments& arguments) {
  std::vector<V4l2Node> nodes;
  if (arguments.device == "auto") {
    std::optional<Error> refused;
    nodes = list_nodes(&refused);
    if (nodes.empty() && refused) throw *refused;
    if (nodes.empty()) say("no capture device found (is it plugged in?)");
    if (const auto best = choose_node(nodes))
      std::rotate(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(*best),
                  nodes.begin() + static_cast<std::ptrdiff_t>(*best) + 1);
  } else {
    nodes.emplace_back(resolve_device(arguments.device));
  }
  if (arguments.json) {
    std::vector<Json> all;
    for (const V4l2Node& node : nodes) all.push_back(json_of(node));
    std::printf("%s\n", Json::array(all).pretty().c_str());
  } else {
    for (const V4l2Node& node : nodes) print_device(node);
  }
  return Exit::kDone;
}

// ---- capturing ----

V4l2Wishes wishes_of(const Arguments& arguments, std::optional<Size> size,
                     std::optional<Rate> rate) {
  V4l2Wishes wishes;
  wishes.device = arguments.device;
  wishes.wait = arguments.wait;
  wishes.size = size;
  wishes.rate = rate;
  if (!arguments.fourcc.empty()) {
    std::string name = arguments.fourcc;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
      return static_cast<char>(std::toupper(c));  // all that we know are written so
    });
    wishes.fourcc = parse_fourcc(name);
    if (!wishes.fourcc) throw usage("-f: not a format: " + arguments.fourcc);
  }
  for (const std::string& control : arguments.controls) {
    const auto equals = control.find('=');
    if (equals == control.npos) throw usage("--control: wanted NAME=VALUE: " + control);
    wishes.controls.emplace_back(control.substr(0, equals), control.substr(equals + 1));
  }
  if (!arguments.edid.empty())
    wishes.edid = parse_edid(as_bytes(read_file(arguments.edid, 1 << 16)), arguments.edid);
  return wishes;
}

std::unique_ptr<CaptureSource> open_source(const Arguments& arguments, std::optional<Size> size,
                                           std::optional<Rate> rate) {
  V4l2Wishes wishes = wishes_of(arguments, size, rate);  // judged for a test picture too
  std::string_view device = arguments.device;
  if (device != "test" && !device.starts_with("test:"))
    return std::make_unique<V4l2Source>(std::move(wishes));
  device.remove_prefix(std::min<std::size_t>(5, device.size()));
  const auto kind = pattern_by_name(device);
  if (!kind) throw usage("-d: no such test picture: " + std::string(device));
  const Size of = size.value_or(kTestSize);
  return std::make_unique<TestSource>(*kind, of.width, of.height, rate.value_or(kTestRate));
}

Exit capture(Arguments& arguments) {
  if (arguments.output.empty() && ::isatty(STDOUT_FILENO))
    throw usage(
        "frames are no text, and stdout is a terminal: use a pipe, -o FILE, or -o - to insist");
  StopSignals stop;
  CaptureOptions& options = arguments.capture;
  options.encoder.subsampling = arguments.subsampling == "444"   ? Subsampling::k444
                                : arguments.subsampling == "422" ? Subsampling::k422
                                                                 : Subsampling::k420;
  options.timeout_s = arguments.timeout_s.value_or(options.count > 0 ? kCountTimeoutS : 0);
  std::optional<Size> size;
  std::optional<Rate> rate;
  if (!arguments.size.empty()) size = parse_size(arguments.size);
  if (!arguments.rate.empty()) {
    rate = parse_rate(arguments.rate);
    if (!rate) throw usage("-r: not a rate: " + arguments.rate + ": 25, 29.97 and 30000/1001 are");
    options.rate_hz = rate->hz();
  }
  if (arguments.every_s) {
    options.rate_hz = 1 / *arguments.every_s;
    options.all_frames = true;
  }
  FrameOutput output(arguments.output.empty() ? "-" : arguments.output);
  const auto source = open_source(arguments, size, rate);
  Capture(arguments.device, *source, output, options, stop).run();
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
  app.add_option("-d,--device", arguments.device,
                 "A path, a name in /dev/v4l/by-id, auto or test[:KIND] (default: auto)")
      ->type_name("DEVICE");
  app.add_flag("--list", arguments.list, "List the capture devices and what they offer");
  app.add_flag("--json", arguments.json, "List as JSON")->needs("--list");
  app.add_option("-s,--size", arguments.size, "Size of the picture, in pixels")->type_name("WxH");
  app.add_option("-r,--rate", arguments.rate, "Frames a second: 30, 29.97, 30000/1001")
      ->type_name("FPS");
  app.add_option("-f,--format", arguments.fourcc,
                 "Of the device: MJPG, YUYV, NV12... (default: the best)")
      ->type_name("FOURCC");
  app.add_option("-q,--quality", options.encoder.quality, "JPEG quality, 1 to 100 (default: 80)")
      ->type_name("QUALITY")
      ->check(number_from(1, 100));
  app.add_option("--subsampling", arguments.subsampling, "Of colours (default: 420)")
      ->type_name("420|422|444")
      ->check(CLI::IsMember({"420", "422", "444"}).description(""));
  app.add_option("--threads", options.encoder.threads,
                 "Threads to encode with (default: one a core, up to 8)")
      ->type_name("N")
      ->check(number_from(1, 64));
  app.add_option("--noise", options.encoder.noise,
                 "Differences up to this a sample are no change (default: 0)")
      ->type_name("N")
      ->check(number_from(0, 64));
  app.add_flag("--retile", options.retile, "Cut passed-through JPEG into tiles, without loss");
  app.add_option("-n,--count", options.count, "Stop after so many frames")
      ->type_name("COUNT")
      ->check(number_from<std::int64_t>(1, 1'000'000'000'000));
  app.add_option("-o,--output", arguments.output,
                 "Where to, a strftime(3) pattern (default: -, stdout)")
      ->type_name("FILE")
      ->check(judged_by([](const std::string& name) {
        if (name.empty()) throw Error(Exit::kUsage, "no file has an empty name");
      }));
  app.add_option("--every", arguments.every_s, "One frame in so long: time lapse")
      ->type_name("SECONDS")
      ->check(number_from(0.01, 1e6))
      ->excludes("--rate");
  app.add_flag("--all-frames", options.all_frames, "Repeat pictures that did not change");
  app.add_option("--control", arguments.controls, "Set on the device; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--edid", arguments.edid, "Show this EDID to the target")->type_name("FILE");
  app.add_option("--timeout", arguments.timeout_s,
                 "Give up after so long without a picture (default: 10 with -n, else never)")
      ->type_name("SECONDS")
      ->check(number_from(0.0, 1e6));
  app.add_flag("--wait", arguments.wait, "Wait for a device that is not there yet");
  app.add_flag("--exit-on-loss", options.exit_on_loss,
               "Exit when signal or device are lost, instead of waiting for them");
  app.add_flag("-v,--verbose", options.verbose, "Say every 5 seconds how it goes");
  return run_cli(app, argc, argv,
                 [&] { return arguments.list ? list(arguments) : capture(arguments); });
}
