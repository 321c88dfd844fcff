#include "http/snapshots.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace kvm {

namespace {

constexpr double kLongestWaitS = 60;
constexpr std::int64_t kTickUs = 1'000'000;
// How long a client that shut down its side of the connection may still wait for the answer.
constexpr std::int64_t kHungUpUs = 1'000'000;
// A request waits this long for the first frame of a source that rested, even if its ?wait is
// shorter.
constexpr std::int64_t kWakeUs = 3'000'000;

// nullopt: not a number of seconds.
std::optional<double> seconds(const Request& request, const char* name, double otherwise) {
  const auto text = request.query(name);
  if (!text) return otherwise;
  const auto value = parse_number<double>(*text);
  return value && *value >= 0 && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace

Snapshots::Snapshots(Loop& loop, NewestFrame& newest, Metrics& metrics)
    : loop_(loop), newest_(newest), metrics_(metrics) {
  newest_.on_frame([this] { settle_all(); });
}

void Snapshots::answer(const ReplyPtr& reply, const User& user, Fields headers) {
  const auto max_age = seconds(reply->request(), "max_age", HUGE_VAL);
  const auto wait = seconds(reply->request(), "wait", 0);
  if (!max_age || !wait || *wait > kLongestWaitS)
    return reply->answer(
        failure(400, "max_age and wait are seconds; wait is 60 at most", std::move(headers)));
  asked_us_ = loop_.now_us();
  const auto wait_us = static_cast<std::int64_t>(*wait * 1e6);
  Wish wish{reply, user, std::move(headers), *max_age, asked_us_, wait_us};
  if (settle(wish)) return;
  reply->defer();
  waiting_.push_back(std::move(wish));
  for (const std::int64_t delay_us : {wait_us, kWakeUs})
    loop_.after(delay_us, [this] { settle_all(); });
  if (!std::exchange(ticking_, true)) loop_.after(kTickUs, [this] { tick(); });
}

// Answers the request and returns true, unless the request should go on waiting.
bool Snapshots::settle(const Wish& wish) {
  const auto why = unfit(wish);
  if (!why)
    fulfil(wish);
  else if (worth_waiting(wish))
    return false;
  else
    wish.reply->answer(failure(503, *why, wish.headers));
  return true;
}

bool Snapshots::worth_waiting(const Wish& wish) const {
  const std::int64_t waited_us = loop_.now_us() - wish.asked_us;
  const std::int64_t patience_us = std::max(wish.wait_us, newest_.resting() ? kWakeUs : 0);
  return waited_us < patience_us && (waited_us < kHungUpUs || !wish.reply->hung_up());
}

// Why the newest frame does not fit the request; nullopt: it fits.
std::optional<std::string> Snapshots::unfit(const Wish& wish) const {
  const FramePtr& frame = newest_.current();
  if (!frame) return "no frame has come yet";
  if (newest_.source() != SourceState::kLive) return std::string(name_of(newest_.source()));
  const double age_s = static_cast<double>(frame->age_us(loop_.now_us())) / 1e6;
  if (age_s > wish.max_age_s) return strf("the newest frame is %.3f s old", age_s);
  return std::nullopt;
}

void Snapshots::fulfil(const Wish& wish) {
  const FramePtr& frame = newest_.frame();
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

void Snapshots::settle_all() {
  waiting_.remove_if([this](const Wish& wish) { return settle(wish); });
}

void Snapshots::drop_if(const std::function<bool(const User&)>& gone) {
  waiting_.remove_if([&](const Wish& wish) {
    if (!gone(wish.user)) return false;
    wish.reply->answer(failure(401, "the session has ended", wish.headers));
    return true;
  });
}

// While a request waits, the HTTP library does not notice that its client has gone. Without this
// check the connection would count against the limits until the end of the wait.
void Snapshots::tick() {
  settle_all();
  ticking_ = !waiting_.empty();
  if (ticking_) loop_.after(kTickUs, [this] { tick(); });
}

}  // namespace kvm
