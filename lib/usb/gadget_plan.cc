#include "usb/gadget_plan.h"

#include <algorithm>

#include "base/text.h"

namespace kvm {
namespace {

bool is_medium(std::string_view path) noexcept {
  return is_file(path, "file") && path.find("/lun.") != path.npos;
}

// Whether the gadget can stay connected during the write: the kernel accepts the write, and the
// host notices it without a new enumeration.
bool is_live(std::string_view path) noexcept {
  return path.find("/lun.") != path.npos &&
         (is_file(path, "file") || is_file(path, "ro") || is_file(path, "nofua"));
}

using Writes = std::map<std::string, GadgetAttribute, PathOrder>;

Writes differences(const GadgetTree& from, const GadgetTree& to) {
  Writes writes;
  for (const auto& [path, attribute] : to.attributes) {
    if (path == "UDC") continue;
    const auto now = from.attributes.find(path);
    const bool missing = now == from.attributes.end();
    if (missing && attribute.optional && from.directories.contains(parent_of(path)))
      continue;  // this kernel lacks the attribute
    if (missing || !same_value(path, now->second.value, attribute.value))
      writes.emplace(path, attribute);
  }
  return writes;
}

// The mode of a drive can change only while the drive is empty: the medium is taken out first and
// put back last.
std::vector<GadgetStep> take_media_out(const GadgetTree& from, Writes& writes) {
  std::vector<GadgetStep> steps;
  for (const auto& [path, attribute] : from.attributes) {
    if (!is_medium(path) || attribute.value.empty()) continue;
    const std::string drive(parent_of(path));
    if (!writes.contains(drive + "/ro") && !writes.contains(drive + "/cdrom")) continue;
    steps.push_back({StepKind::kWrite, path, ""});
    writes.try_emplace(path, attribute);
  }
  return steps;
}

// The number of links that can stay. The attributes of a linked function cannot change, and the
// kernel keeps links in the order in which they were made. So the first link that is new, or whose
// function changes, has to be made again, and so have all links after it.
std::size_t links_kept(const GadgetTree& from, const GadgetTree& to, const Writes& writes) {
  std::size_t kept = 0;
  for (const auto& link : to.links) {
    const std::string& target =
        link.second;  // clang 14 lets no lambda capture a structured binding
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

// Removes all links except the first `kept` of `to`, and the directories that `to` does not have.
void take_apart(const GadgetTree& from, const GadgetTree& to, std::size_t kept,
                std::vector<GadgetStep>& steps) {
  for (auto link = from.links.rbegin(); link != from.links.rend(); ++link) {
    const auto then = to.links.find(link->first);
    if (then == to.links.end() ||
        static_cast<std::size_t>(std::distance(to.links.begin(), then)) >= kept)
      steps.push_back({StepKind::kUnlink, link->first, ""});
  }
  for (auto directory = from.directories.rbegin(); directory != from.directories.rend();
       ++directory) {
    if (!to.directories.contains(*directory))
      steps.push_back({StepKind::kRemoveDirectory, *directory, ""});
  }
}

// Makes the missing directories, writes the attributes, and makes the links after the first `kept`.
void put_together(const GadgetTree& from, const GadgetTree& to, std::size_t kept,
                  const Writes& writes, std::vector<GadgetStep>& steps) {
  for (const std::string& directory : to.directories) {
    if (!from.directories.contains(directory))
      steps.push_back({StepKind::kMakeDirectory, directory, ""});
  }
  for (const auto& [path, attribute] : writes)
    steps.push_back({StepKind::kWrite, path, attribute.value, attribute.optional});
  auto link = std::next(to.links.begin(), static_cast<std::ptrdiff_t>(kept));
  for (; link != to.links.end(); ++link)
    steps.push_back({StepKind::kLink, link->first, link->second});
}

}  // namespace

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

std::vector<GadgetStep> plan(const GadgetTree& from, const GadgetTree& to) {
  Writes writes = differences(from, to);
  const std::vector<GadgetStep> media_out = take_media_out(from, writes);
  const std::size_t kept = links_kept(from, to, writes);

  std::vector<GadgetStep> steps;
  take_apart(from, to, kept, steps);
  put_together(from, to, kept, writes, steps);

  const std::string &bound = from.value("UDC"), &wanted = to.value("UDC");
  const bool rebind = bound != wanted || std::any_of(steps.begin(), steps.end(), [](auto& step) {
                        return step.kind != StepKind::kWrite || !is_live(step.path);
                      });
  if (rebind && !bound.empty()) steps.insert(steps.begin(), {StepKind::kWrite, "UDC", ""});
  if (rebind && !wanted.empty()) steps.push_back({StepKind::kWrite, "UDC", wanted});
  // The medium comes out first: if the host has locked it, the change fails while the gadget
  // is still connected.
  steps.insert(steps.begin(), media_out.begin(), media_out.end());
  return steps;
}

bool unplugs(const std::vector<GadgetStep>& steps) {
  return std::ranges::any_of(
      steps, [](const GadgetStep& step) { return step.path == "UDC" && step.value.empty(); });
}

}  // namespace kvm
