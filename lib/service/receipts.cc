#include "service/receipts.h"

#include <algorithm>

namespace kvm {

namespace {
constexpr std::size_t kMostFailed = 16;
}

void Receipts::passed(std::optional<ViewerId> viewer) {
  ++written_;
  const auto found = viewer ? viewers_.find(*viewer) : viewers_.end();
  if (found != viewers_.end()) found->second.waiting.push_back({written_, false});
}

void Receipts::refused(ViewerId viewer) {
  const auto found = viewers_.find(viewer);
  if (found == viewers_.end()) return;
  found->second.waiting.push_back({written_, true});
  settle(found->second, settled_);
}

void Receipts::counted(std::int64_t done, std::int64_t failed) {
  const std::int64_t before = settled_;
  const bool anew = done + failed < counted_;
  counted_ = done + failed;
  if (anew) base_ = written_ - counted_;
  base_ = std::min(base_, written_ - counted_);
  settled_ = base_ + counted_;
  // A failure is told at once: it was the last of what is counted.
  const std::int64_t good = anew ? before : settled_ - std::max<std::int64_t>(failed - failed_, 0);
  failed_ = failed;
  for (auto& [id, viewer] : viewers_) settle(viewer, good);
}

void Receipts::settle(Viewer& viewer, std::int64_t good) const {
  while (!viewer.waiting.empty() && viewer.waiting.front().place <= settled_) {
    const Line line = viewer.waiting.front();
    viewer.waiting.pop_front();
    ++viewer.settled;
    if (line.failed || line.place > good) viewer.failed.push_back(viewer.settled);
    if (viewer.failed.size() > kMostFailed) viewer.failed.pop_front();
  }
}

std::string Receipts::members(ViewerId viewer) const {
  const auto found = viewers_.find(viewer);
  const Viewer lines = found == viewers_.end() ? Viewer() : found->second;
  std::string failed;
  for (const std::int64_t number : lines.failed)
    failed += (failed.empty() ? "" : ",") + std::to_string(number);
  return "\"taken\":" + std::to_string(lines.settled) + ",\"failed\":[" + failed + "]";
}

}  // namespace kvm
