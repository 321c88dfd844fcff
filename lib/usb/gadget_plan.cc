#include "usb/gadget_plan.h"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace kvm {
namespace {

int rank(std::string_view component) noexcept {
  static constexpr std::array<std::string_view, 8> kFirst = {
      "hid.keyboard", "hid.pointer", "hid.mouse",   "mass_storage.disc",
      "acm.serial",   "ncm.network", "ecm.network", "uac2.audio"};
  if (component == "UDC") return 30;
  if (component == "file") return 20;
  const auto found = std::find(kFirst.begin(), kFirst.end(), component);
  return static_cast<int>(found - kFirst.begin());
}

std::string_view take_component(std::string_view& path) noexcept {
  const std::size_t slash = path.find('/');
  const std::string_view component = path.substr(0, slash);
  path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
  return component;
}

std::string_view directory_of(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

bool is_below(std::string_view path, std::string_view directory) noexcept {
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

bool is_file(std::string_view path, std::string_view name) noexcept {
  return path.ends_with(name) && is_below(path, directory_of(path)) &&
         path.size() - directory_of(path).size() - 1 == name.size();
}

bool is_medium(std::string_view path) noexcept {
  return is_file(path, "file") && path.find("/lun.") != path.npos;
}

// What the kernel takes while the gadget is connected and the host notices by itself.
bool is_live(std::string_view path) noexcept {
  return path.find("/lun.") != path.npos &&
         (is_file(path, "file") || is_file(path, "ro") || is_file(path, "nofua"));
}

std::optional<unsigned long long> number(std::string_view text) noexcept {
  unsigned long long value = 0;
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

using Writes = std::map<std::string, GadgetAttribute, PathOrder>;

Writes differences(const GadgetTree& from, const GadgetTree& to) {
  Writes writes;
  for (const auto& [path, attribute] : to.attributes) {
    if (path == "UDC") continue;
    const auto now = from.attributes.find(path);
    const bool missing = now == from.attributes.end();
    if (missing && attribute.optional && from.directories.contains(directory_of(path)))
      continue;  // this kernel does not have it
    if (missing || !same_value(path, now->second.value, attribute.value))
      writes.emplace(path, attribute);
  }
  return writes;
}

// A drive's mode changes only while it is empty: the medium comes out first and goes in last.
std::vector<GadgetStep> take_media_out(const GadgetTree& from, Writes& writes) {
  std::vector<GadgetStep> steps;
  for (const auto& [path, attribute] : from.attributes) {
    if (!is_medium(path) || attribute.value.empty()) continue;
    const std::string drive(directory_of(path));
    if (!writes.contains(drive + "/ro") && !writes.contains(drive + "/cdrom")) continue;
    steps.push_back({StepKind::kWrite, path, ""});
    writes.try_emplace(path, attribute);
  }
  return steps;
}

// An attribute of a linked function is fixed, and links keep the order in which they were made: all
// links stay up to the first that is new or whose function changes.
std::size_t links_kept(const GadgetTree& from, const GadgetTree& to, const Writes& writes) {
  std::size_t kept = 0;
  for (const auto& link : to.links) {
    const std::string& target = link.second;  // clang 14 lets no lambda see a structured binding
    const auto now = from.links.find(link.first);
    if (now == from.links.end() || now->second != target) break;
    const bool changes = std::any_of(writes.begin(), writes.end(), [&](const auto& write) {
      return target.starts_with("functions/") && is_below(write.first, target) &&
             write.first.find("/lun.") == std::string::npos;
    });
    if (changes) break;
    ++kept;
  }
  return kept;
}

}  // namespace

bool PathOrder::operator()(std::string_view a, std::string_view b) const noexcept {
  while (!a.empty() && !b.empty()) {
    const std::string_view left = take_component(a), right = take_component(b);
    if (left == right) continue;
    const int left_rank = rank(left), right_rank = rank(right);
    return left_rank != right_rank ? left_rank < right_rank : left < right;
  }
  return a.size() < b.size();
}

const std::string& GadgetTree::value(const std::string& path) const {
  static const std::string none;
  const auto found = attributes.find(path);
  return found == attributes.end() ? none : found->second.value;
}

std::string describe(const GadgetStep& step) {
  const std::string path = step.path.empty() ? "." : step.path;
  switch (step.kind) {
    case StepKind::kMakeDirectory:
      return "mkdir " + path;
    case StepKind::kRemoveDirectory:
      return "rmdir " + path;
    case StepKind::kLink:
      return "link " + path + " " + step.value;
    case StepKind::kUnlink:
      return "unlink " + path;
    case StepKind::kWrite:
      break;
  }
  if (!is_file(path, "report_desc")) return "write " + path + " " + printable(step.value);
  std::string line = "write " + path;
  for (const char byte : step.value) line += strf(" %02x", static_cast<unsigned char>(byte));
  return line;
}

bool same_value(std::string_view path, std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (path.find("strings/") != path.npos || is_file(path, "report_desc")) return false;
  const auto left = number(a), right = number(b);
  return left && left == right;
}

std::vector<GadgetStep> plan(const GadgetTree& from, const GadgetTree& to) {
  Writes writes = differences(from, to);
  const std::vector<GadgetStep> media_out = take_media_out(from, writes);
  const std::size_t kept = links_kept(from, to, writes);

  std::vector<GadgetStep> steps;
  for (const auto& [path, target] : from.links) {
    const auto then = to.links.find(path);
    if (then == to.links.end() ||
        static_cast<std::size_t>(std::distance(to.links.begin(), then)) >= kept)
      steps.push_back({StepKind::kUnlink, path, ""});
  }
  std::reverse(steps.begin(), steps.end());
  for (auto directory = from.directories.rbegin(); directory != from.directories.rend();
       ++directory) {
    if (!to.directories.contains(*directory))
      steps.push_back({StepKind::kRemoveDirectory, *directory, ""});
  }
  for (const std::string& directory : to.directories) {
    if (!from.directories.contains(directory))
      steps.push_back({StepKind::kMakeDirectory, directory, ""});
  }
  for (const auto& [path, attribute] : writes)
    steps.push_back({StepKind::kWrite, path, attribute.value, attribute.optional});
  auto link = std::next(to.links.begin(), static_cast<std::ptrdiff_t>(kept));
  for (; link != to.links.end(); ++link)
    steps.push_back({StepKind::kLink, link->first, link->second});

  const std::string &bound = from.value("UDC"), &wanted = to.value("UDC");
  const bool rebind = bound != wanted || std::any_of(steps.begin(), steps.end(), [](auto& step) {
                        return step.kind != StepKind::kWrite || !is_live(step.path);
                      });
  if (rebind && !bound.empty()) steps.insert(steps.begin(), {StepKind::kWrite, "UDC", ""});
  if (rebind && !wanted.empty()) steps.push_back({StepKind::kWrite, "UDC", wanted});
  // While the host is still there: it may have locked the medium.
  steps.insert(steps.begin(), media_out.begin(), media_out.end());
  return steps;
}

void converge(const GadgetTree& to, const std::function<GadgetTree()>& read,
              const std::function<void(const GadgetStep&)>& apply,
              const std::function<void(const GadgetStep&)>& done,
              const std::function<void(const std::string&)>& complain) {
  const GadgetTree before = read();
  try {
    for (const GadgetStep& step : plan(before, to)) {
      apply(step);
      done(step);
    }
  } catch (...) {
    // One step that cannot be undone is no reason to leave the others.
    for (const GadgetStep& step : plan(read(), before)) {
      try {
        apply(step);
      } catch (const Error& error) {
        complain(std::string("while undoing: ") + error.what());
      }
    }
    throw;
  }
}

namespace {

std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

// printf(1) with octal escapes: a report descriptor is no text.
std::string octal(const std::string& bytes) {
  std::string word = "'";
  for (const char c : bytes) word += strf("\\%03o", static_cast<unsigned char>(c));
  return word + "'";
}

std::string shell_line(const GadgetStep& step) {
  switch (step.kind) {
    case StepKind::kMakeDirectory:
      return "mkdir " + step.path;
    case StepKind::kRemoveDirectory:
      return "rmdir " + step.path;
    case StepKind::kUnlink:
      return "rm " + step.path;
    case StepKind::kLink:
      return "ln -s \"$PWD/" + step.value + "\" " + step.path;
    case StepKind::kWrite:
      break;
  }
  std::string write = "echo " + quoted(step.value);
  if (is_file(step.path, "report_desc"))
    write = "printf " + octal(step.value);
  else if (step.value.find('\\') != std::string::npos || step.value.starts_with('-'))
    write = "printf '%s\\n' " + quoted(step.value);  // what echo(1) makes of these differs
  write += " > " + step.path;
  return step.optional ? "[ ! -e " + step.path + " ] || " + write : write;
}

}  // namespace

std::string shell_script(const GadgetTree& tree, const std::string& name) {
  const std::string& udc = tree.value("UDC");
  const std::string gadget = "/sys/kernel/config/usb_gadget/" + name;
  std::string script =
      "#!/bin/sh\n"
      "# Makes the USB gadget " +
      name +
      " as kvm-gadget-setup(1) does. Run as root, once a boot.\n"
      "set -eu\n";
  if (udc.empty())
    script += "for udc in /sys/class/udc/*; do break; done\nudc=${udc##*/}\n";
  else
    script += "udc=" + quoted(udc) + "\n";
  script +=
      "[ -e \"/sys/class/udc/$udc\" ] || { echo \"$0: no USB device controller: $udc\" >&2; exit "
      "69; }\n"
      "modprobe libcomposite\n"
      "[ -d /sys/kernel/config/usb_gadget ] || mount -t configfs configfs /sys/kernel/config\n"
      "mkdir " +
      gadget +
      "\n"
      "cd " +
      gadget +
      "\n"
      "undo() {\n"
      "\tset +e\n";
  for (const GadgetStep& step : plan(tree, {})) {
    if (!step.path.empty() && step.path != "UDC")
      script += "\t" + shell_line(step) + " 2>/dev/null\n";
  }
  script += "\tcd .. && rmdir " + name +
            "\n"
            "}\n"
            "trap undo EXIT\n"
            "trap 'exit 1' HUP INT TERM\n";
  for (const GadgetStep& step : plan({}, tree)) {
    if (!step.path.empty() && step.path != "UDC") script += shell_line(step) + "\n";
  }
  return script + "echo \"$udc\" > UDC\ntrap - EXIT\n";
}

}  // namespace kvm
