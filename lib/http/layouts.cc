#include "http/layouts.h"

#include <algorithm>
#include <exception>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "keys/foreign_text.h"
#include "keys/layout_list.h"
#include "keys/legends.h"

namespace kvm {

namespace {

constexpr std::size_t kMostListed = 1000;
constexpr std::size_t kMostWaiting = 64, kMostOfOneUser = 8;  // requests
constexpr std::size_t kMostKept = 64, kMostCompiled = 4;

Answer json(std::shared_ptr<const std::string> body) {
  Answer answer{200, "application/json", {}, {{"Cache-Control", "no-store"}}};
  answer.bytes = as_bytes(*body);
  answer.owner = std::move(body);
  return answer;
}

std::shared_ptr<const std::string> body_of(const Json& json) {
  return std::make_shared<const std::string>(json.text() + "\n");
}

Json layout_list() {
  std::vector<Json> list;
  for (const LayoutName& layout : list_layouts())
    list.push_back(Json::object(
        {{"name", layout.layout}, {"variant", layout.variant}, {"title", layout.title}}));
  return Json::array(list);
}

Json legends_of(const std::string& layout) {
  std::vector<Json::Member> members;
  for (const Legend& legend : kvm::legends(layout))
    members.emplace_back(legend.key->name, Json::array_of(legend.levels));
  return Json::object(members);
}

// What `make` returns, or the answer to the error that it throws.
Answer answer_of(const std::function<Answer()>& make) {
  try {
    return make();
  } catch (const Error& error) {
    return failure(error.exit() == Exit::kNoInput || error.exit() == Exit::kOs ? 503 : 400,
                   error.what());
  } catch (const std::exception& error) {
    return failure(503, error.what());
  }
}

}  // namespace

Layouts::Layouts(Loop& loop) : loop_(loop), worker_([this] { work(); }) {}

Layouts::~Layouts() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  worker_.join();
}

void Layouts::check(const std::string& user, const std::string& layout, TypistOptions options,
                    std::string text, Done done) {
  ask({user,
       [this, layout, options = std::move(options), text = std::move(text)] {
         return checked(layout, options, text);
       },
       std::move(done)});
}

void Layouts::list(const std::string& user, Done done) {
  ask_once(user, "list", layout_list, std::move(done));
}

void Layouts::legends(const std::string& user, const std::string& layout, Done done) {
  const auto make = [layout] { return legends_of(layout); };
  ask_once(user, "legends " + layout, make, std::move(done));
}

// Asks for an answer that is always the same, and keeps it.
void Layouts::ask_once(const std::string& user, const std::string& key, std::function<Json()> make,
                       Done done) {
  if (const auto kept = kept_.find(key); kept != kept_.end()) return done(json(kept->second));
  const auto made = std::make_shared<Text>();
  ask({user,
       [made, make = std::move(make)] {
         *made = body_of(make());
         return json(*made);
       },
       [this, key, made, done = std::move(done)](Answer answer) {
         if (kept_.size() >= kMostKept) kept_.clear();
         if (*made) kept_.try_emplace(key, *made);
         done(std::move(answer));
       }});
}

void Layouts::ask(Job job) {
  const auto is_same_user = [&](const Job& other) { return other.user == job.user; };
  std::unique_lock lock(mutex_);
  if (jobs_.size() >= kMostWaiting ||
      std::ranges::count_if(jobs_, is_same_user) >= static_cast<std::ptrdiff_t>(kMostOfOneUser)) {
    lock.unlock();
    return job.done(failure(503, "too many requests about layouts wait", {{"Retry-After", "1"}}));
  }
  jobs_.push_back(std::move(job));
  wake_.notify_one();
}

void Layouts::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    Job job = next();
    lock.unlock();
    served_ = job.user;
    loop_.post([done = std::move(job.done), answer = answer_of(job.make)] { done(answer); });
    job = {};
    lock.lock();
  }
}

// The first job of a user who was not served last, if there is one.
Layouts::Job Layouts::next() {
  auto place = std::ranges::find_if(jobs_, [&](const Job& job) { return job.user != served_; });
  if (place == jobs_.end()) place = jobs_.begin();
  Job job = std::move(*place);
  jobs_.erase(place);
  return job;
}

const Typist& Layouts::typist(const std::string& layout, const TypistOptions& options) {
  const auto found = std::ranges::find_if(typists_, [&](const Typist& other) {
    return other.layout().name() == layout && other.options() == options;
  });
  if (found != typists_.end())
    typists_.splice(typists_.begin(), typists_, found);
  else
    typists_.emplace_front(Layout(layout), options);
  if (typists_.size() > kMostCompiled) typists_.pop_back();
  return typists_.front();
}

Answer Layouts::checked(const std::string& layout, const TypistOptions& options,
                        const std::string& text) {
  const Typist& types = typist(layout, options);
  const auto found = types.untypable(in_typable_form(types, text));
  std::vector<Json> list;
  for (const Untypable& at : std::span(found).first(std::min(found.size(), kMostListed))) {
    std::string character;
    append_utf8(character, at.character);
    list.push_back(Json::object({{"char", character}, {"line", at.line}, {"column", at.column}}));
  }
  return json(body_of(Json::object({{"ok", found.empty()}, {"untypable", Json::array(list)}})));
}

}  // namespace kvm
