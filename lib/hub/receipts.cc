#include "hub/receipts.h"

#include <algorithm>

namespace kvm {

namespace {
constexpr std::size_t kMostFailed = 16, kMostWaiting = 32'768;
}  // namespace

void Receipts::passed(std::optional<ViewerId> viewer) {
  ++written_;
  const auto found = viewer ? viewers_.find(*viewer) : viewers_.end();
  if (found != viewers_.end()) wait(found->second, {written_, false});
}

void Receipts::wait(Viewer& viewer, Line line) {
  viewer.waiting.push_back(line);
  if (viewer.waiting.size() <= kMostWaiting) return;
  settle_first(viewer, viewer.waiting.front().failed);
}

void Receipts::settle_first(Viewer& viewer, bool failed) {
  viewer.waiting.pop_front();
  ++viewer.settled;
  if (failed) viewer.failed.push_back(viewer.settled);
  if (viewer.failed.size() > kMostFailed) viewer.failed.pop_front();
}

void Receipts::refused(ViewerId viewer) {
  const auto found = viewers_.find(viewer);
  if (found == viewers_.end()) return;
  // A line behind lines that wait is told after them. (Without a status of kvm-type, lines wait.)
  wait(found->second, {found->second.waiting.empty() ? settled_ : written_, true});
  settle(found->second, settled_);
}

void Receipts::counted(std::int64_t done, std::int64_t failed) {
  const std::int64_t before = settled_;
  const bool restarted = done + failed < counted_;
  counted_ = done + failed;
  if (restarted) base_ = written_ - counted_;
  base_ = std::min(base_, written_ - counted_);
  settled_ = base_ + counted_;
  // kvm-type reports a failure at once, so the line that failed is the last of the counted lines.
  const std::int64_t good =
      restarted ? before : settled_ - std::max<std::int64_t>(failed - failed_, 0);
  failed_ = failed;
  for (auto& [id, viewer] : viewers_) settle(viewer, good);
}

void Receipts::settle(Viewer& viewer, std::int64_t good) const {
  while (!viewer.waiting.empty() && viewer.waiting.front().place <= settled_) {
    const Line& line = viewer.waiting.front();
    settle_first(viewer, line.failed || line.place > good);
  }
}

std::int64_t Receipts::lines(ViewerId viewer) const {
  const auto found = viewers_.find(viewer);
  if (found == viewers_.end()) return 0;
  return found->second.settled + static_cast<std::int64_t>(found->second.waiting.size());
}

std::vector<Json::Member> Receipts::members(ViewerId viewer) const {
  const auto found = viewers_.find(viewer);
  const Viewer unknown;
  const Viewer& known = found == viewers_.end() ? unknown : found->second;
  return {{"taken", known.settled}, {"failed", Json::array_of(known.failed)}};
}

}  // namespace kvm
