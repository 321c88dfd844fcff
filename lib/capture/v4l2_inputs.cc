#include "capture/v4l2_inputs.h"

#include <linux/videodev2.h>
#include <strings.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace kvm {

namespace {

using Standard = std::pair<std::string, v4l2_std_id>;

bool same_name(const std::string& a, const std::string& b) {
  return ::strcasecmp(a.c_str(), b.c_str()) == 0;
}

std::vector<Standard> standards_of(const V4l2Node& node) {
  std::vector<Standard> standards;
  v4l2_standard each{};
  for (; each.index < 64 && node.ask(VIDIOC_ENUMSTD, &each); ++each.index)
    standards.emplace_back(name_in(each.name), each.id);
  return standards;
}

// "the device has: A, B", as a hint.
template <class Named, class Name>
std::string offered(const std::vector<Named>& all, Name name) {
  std::string list;
  for (const Named& each : all) list += (list.empty() ? "" : ", ") + name(each);
  return list.empty() ? "it has none" : "it has: " + list;
}

}  // namespace

std::vector<InputInfo> list_inputs(const V4l2Node& node) {
  std::vector<InputInfo> inputs;
  int current = -1;
  node.ask(VIDIOC_G_INPUT, &current);
  v4l2_input each{};
  for (; each.index < 64 && node.ask(VIDIOC_ENUMINPUT, &each); ++each.index)
    inputs.push_back({each.index, name_in(each.name), static_cast<int>(each.index) == current});
  return inputs;
}

std::vector<std::string> list_standards(const V4l2Node& node) {
  std::vector<std::string> names;
  for (const auto& [name, id] : standards_of(node)) names.push_back(name);
  return names;
}

void set_input(const V4l2Node& node, const std::string& input) {
  const auto inputs = list_inputs(node);
  const auto number = parse_number<std::uint32_t>(input);
  const auto found = std::find_if(inputs.begin(), inputs.end(), [&](const InputInfo& each) {
    return number ? each.index == *number : same_name(each.name, input);
  });
  if (found == inputs.end())
    throw Error(Exit::kUsage, node.path() + ": the device has no input " + printable(input),
                offered(inputs, [](const InputInfo& each) {
                  return std::to_string(each.index) + " " + each.name;
                }));
  int index = static_cast<int>(found->index);
  if (!found->current) node.must(VIDIOC_S_INPUT, &index, "VIDIOC_S_INPUT");
}

void set_standard(const V4l2Node& node, const std::string& standard) {
  const auto standards = standards_of(node);
  const auto found = std::find_if(standards.begin(), standards.end(), [&](const Standard& each) {
    return same_name(each.first, standard);
  });
  if (found == standards.end())
    throw Error(Exit::kUsage, node.path() + ": the input has no standard " + printable(standard),
                offered(standards, [](const Standard& each) { return each.first; }));
  v4l2_std_id id = found->second;
  node.must(VIDIOC_S_STD, &id, "VIDIOC_S_STD");
}

}  // namespace kvm
