#include "http/snapshots.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/text.h"
#include "http/gate.h"

namespace kvm {

namespace {

constexpr double kLongestWaitS = 60;
constexpr std::int64_t kTickUs = 1'000'000;
constexpr std::int64_t kHungUpUs = 1'000'000;  // who hung up may listen still: for so long
constexpr std::int64_t kWakeUs = 3'000'000;    // a source that rested has so long to wake

// nullopt: not a number of seconds.
std::optional<double> seconds(const Request& request, const char* name, double otherwise) {
  const auto text = request.query(name);
  if (!text) return otherwise;
  const auto value = parse_number<double>(*text);
  return value && *value >= 0 && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace

Snapshots::Snapshots(Loop& loop, Hub& hub, Metrics& metrics)
    : loop_(loop), hub_(hub), metrics_(metrics) {
  hub_.on_frame([this] { look(); });
}

void Snapshots::answer(const ReplyPtr& reply,
                       std::vector<std::pair<std::string, std::string>> headers) {
  const auto max_age = seconds(reply->request(), "max_age", HUGE_VAL);
  const auto wait = seconds(reply->request(), "wait", 0);
  if (!max_age || !wait || *wait > kLongestWaitS)
    return reply->answer(
        failure(400, "max_age and wait are seconds; wait is 60 at most", std::move(headers)));
  asked_us_ = monotonic_us();
  const auto wait_us = static_cast<std::int64_t>(*wait * 1e6);
  Wish wish{reply, std::move(headers), *max_age, asked_us_, wait_us};
  if (settle(wish)) return;
  reply->defer();
  waiting_.push_back(std::move(wish));
  for (const std::int64_t delay_us : {wait_us, kWakeUs}) loop_.after(delay_us, [this] { look(); });
  if (!std::exchange(ticking_, true)) loop_.after(kTickUs, [this] { tick(); });
}

// Answers, unless it is worth waiting: then false.
bool Snapshots::settle(const Wish& wish) {
  const auto why = unfit(wish);
  const std::int64_t waited_us = monotonic_us() - wish.asked_us;
  const std::int64_t patience_us = std::max(wish.wait_us, hub_.resting() ? kWakeUs : 0);
  if (!why)
    fulfil(wish);
  else if (waited_us < patience_us && (waited_us < kHungUpUs || !wish.reply->hung_up()))
    return false;
  else
    wish.reply->answer(failure(503, *why, wish.headers));
  return true;
}

// Why the newest frame is not what was asked for.
std::optional<std::string> Snapshots::unfit(const Wish& wish) const {
  const FramePtr& frame = hub_.current();
  if (!frame) return "no frame has come yet";
  if (hub_.source() != Source::kLive) return std::string(name_of(hub_.source()));
  const double age_s = static_cast<double>(frame->age_us()) / 1e6;
  if (age_s > wish.max_age_s) return strf("the newest frame is %.3f s old", age_s);
  return std::nullopt;
}

void Snapshots::fulfil(const Wish& wish) {
  const FramePtr& frame = hub_.newest();
  const std::string tag = strf("\"%llx\"", static_cast<unsigned long long>(frame->content));
  Answer answer{200, "image/jpeg", {}, wish.headers};
  answer.headers.emplace_back("Cache-Control", "no-cache");
  answer.headers.emplace_back("ETag", tag);
  for (auto& header : headers_of(*frame)) answer.headers.push_back(std::move(header));
  if (names_tag(wish.reply->request().header("If-None-Match"), tag)) {
    answer.status = 304;
  } else {
    answer.bytes = frame->jpeg();
    answer.owner = frame;
  }
  ++metrics_.snapshots;
  wish.reply->answer(std::move(answer));
}

void Snapshots::look() {
  waiting_.remove_if([this](const Wish& wish) { return settle(wish); });
}

// The library does not see that a client has gone while its request waits: its connection would
// count until the end of the wait.
void Snapshots::tick() {
  look();
  ticking_ = !waiting_.empty();
  if (ticking_) loop_.after(kTickUs, [this] { tick(); });
}

}  // namespace kvm
