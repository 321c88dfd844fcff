#include "capture/listing.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "capture/media_pipeline.h"
#include "capture/v4l2_choice.h"
#include "capture/v4l2_controls.h"
#include "capture/v4l2_inputs.h"
#include "capture/v4l2_signal.h"

namespace kvm {

namespace {

std::string text_of(const Size& size) {
  return strf("%dx%d", size.width, size.height);
}

std::string text_of(const SizeInfo& size) {
  std::string line = text_of(size.most);
  if (!(size.least == size.most)) line = text_of(size.least) + " to " + line;
  std::string space = "  ";
  for (const Rate& rate : size.rates) {
    line += space + strf("%g", rate.hz());
    space = " ";
  }
  return "    " + line + "\n";
}

std::string text_of(const FormatInfo& format) {
  std::string text = "  " + fourcc_name(format.fourcc) + "  " + format.description +
                     (format.usable ? "\n" : " (cannot be used)\n");
  for (const SizeInfo& size : format.sizes) text += text_of(size);
  return text;
}

std::string text_of(const ControlInfo& control) {
  const auto number = [](std::int64_t value) { return std::to_string(value); };
  std::string text = "  " + control.name + " (" + control.type + ") " + number(control.least) +
                     " to " + number(control.most) + ", default " + number(control.standard) +
                     ", now " + number(control.value) +
                     (control.read_only ? ", read-only\n" : "\n");
  for (const auto& [value, name] : control.menu) text += "    " + number(value) + " " + name + "\n";
  return text;
}

std::string text_of(const SignalInfo& signal) {
  if (signal.timings)
    return strf("  signal: %ux%u at %.4g Hz\n", signal.timings->bt.width, signal.timings->bt.height,
                timings_hz(*signal.timings));
  if (signal.signal == Signal::kSteady) return "";
  return std::string("  signal: none: ") + describe(signal.signal) + "\n";
}

// The signal at the node, or at the HDMI receiver in a pipeline that ends in it.
SignalInfo signal_at(const V4l2Node& node) {
  try {
    if (const auto pipeline = MediaPipeline::find(node)) return detect_signal(pipeline->receiver());
  } catch (const Error&) {
    // A part of the pipeline may not be opened. The node still has the rest.
  }
  return detect_signal(node);
}

std::string inputs_of(const V4l2Node& node) {
  std::string text;
  const auto inputs = list_inputs(node);
  const auto standards = list_standards(node);
  if (inputs.size() < 2 && standards.empty()) return text;  // there is nothing to choose
  for (const InputInfo& input : inputs) {
    text += "  input " + std::to_string(input.index) + ": " + input.name +
            (input.current ? ", in use" : "");
    if (input.current && !standards.empty()) text += "; standards:";
    if (input.current)
      for (const std::string& name : standards) text += " " + name;
    text += "\n";
  }
  return text;
}

std::string text_of(const V4l2Node& node) {
  std::string text = node.path() + "  " + node.card() + " (" + node.driver() + ", " + node.bus() +
                     ")\n" + inputs_of(node) + text_of(signal_at(node));
  for (const FormatInfo& format : list_formats(node)) text += text_of(format);
  for (const ControlInfo& control : list_controls(node)) text += text_of(control);
  return text;
}

template <class Info>
Json array_of(const std::vector<Info>& infos, Json (*json_of)(const Info&)) {
  std::vector<Json> elements;
  for (const Info& info : infos) elements.push_back(json_of(info));
  return Json::array(elements);
}

Json json_of(const Rate& rate) {
  return rate.hz();
}

Json json_of(const SizeInfo& size) {
  std::vector<Json::Member> members = {{"width", size.most.width},
                                       {"height", size.most.height},
                                       {"rates", array_of(size.rates, json_of)}};
  if (!(size.least == size.most)) {
    members.emplace_back("least_width", size.least.width);
    members.emplace_back("least_height", size.least.height);
  }
  return Json::object(members);
}

Json json_of(const FormatInfo& format) {
  return Json::object({{"fourcc", fourcc_name(format.fourcc)},
                       {"description", format.description},
                       {"usable", format.usable},
                       {"sizes", array_of(format.sizes, json_of)}});
}

Json json_of(const ControlInfo& control) {
  std::vector<std::string> values;  // the names of the members below are views of these
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

Json json_of(const InputInfo& input) {
  return Json::object({{"index", input.index}, {"name", input.name}, {"current", input.current}});
}

Json json_of(const std::string& name) {
  return name;
}

Json json_of(const v4l2_dv_timings& timings) {
  return Json::object(
      {{"width", timings.bt.width}, {"height", timings.bt.height}, {"rate", timings_hz(timings)}});
}

Json json_of(const V4l2Node& node) {
  const SignalInfo signal = signal_at(node);
  return Json::object({{"path", node.path()},
                       {"card", node.card()},
                       {"driver", node.driver()},
                       {"bus", node.bus()},
                       {"inputs", array_of(list_inputs(node), json_of)},
                       {"standards", array_of(list_standards(node), json_of)},
                       {"signal", signal.signal == Signal::kSteady},
                       {"timings", signal.timings ? json_of(*signal.timings) : Json()},
                       {"formats", array_of(list_formats(node), json_of)},
                       {"controls", array_of(list_controls(node), json_of)}});
}

}  // namespace

std::vector<V4l2Node> find_devices(const std::string& device, const V4l2Hints& hints) {
  std::vector<V4l2Node> nodes;
  if (device != "auto") {
    nodes.emplace_back(resolve_device(device), hints);
    return nodes;
  }
  std::optional<Error> refused;
  nodes = list_nodes(&refused, hints);
  if (nodes.empty() && refused) throw *refused;
  if (const auto ranked = rank_nodes(nodes); !ranked.empty()) {
    const auto first = nodes.begin() + static_cast<std::ptrdiff_t>(ranked[0]);
    std::rotate(nodes.begin(), first, first + 1);
  }
  return nodes;
}

std::string listed_as_text(const std::vector<V4l2Node>& nodes) {
  std::string text;
  for (const V4l2Node& node : nodes) text += text_of(node);
  return text;
}

Json listed_as_json(const std::vector<V4l2Node>& nodes) {
  return array_of(nodes, json_of);
}

}  // namespace kvm
