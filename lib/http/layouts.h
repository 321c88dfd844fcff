// The answers of /check, /layouts and /legends, as JSON. A thread of its own makes them, because
// compiling a layout takes 10 to 100 ms, in which the event loop would send no picture and pass on
// no key.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/json.h"
#include "base/loop.h"
#include "http/reply.h"
#include "keys/typist.h"

namespace kvm {

// For the loop's thread only. All functions call `done` from the loop, with the answer: 400 if
// there is no such layout, 503 if xkb-data is missing or too many requests wait. The users take
// turns, and few requests of one user may wait.
class Layouts {
 public:
  using Done = std::function<void(Answer)>;

  explicit Layouts(Loop& loop);
  ~Layouts();

  // The characters of `text` that a kvm-type with this layout and these options cannot type, at
  // most 1000 of them:
  // {"ok":false,"untypable":[{"char":"€","line":1,"column":3},…]}
  void check(const std::string& user, const std::string& layout, TypistOptions options,
             std::string text, Done done);
  // [{"name":"us","variant":"","title":"English (US)"},…]
  void list(const std::string& user, Done done);
  // The legends of each key (keys/legends.h), by its Linux name: {"1":["1","!","",""],…}
  void legends(const std::string& user, const std::string& layout, Done done);

 private:
  using Text = std::shared_ptr<const std::string>;
  struct Job {
    std::string user;
    std::function<Answer()> make;  // for the thread
    Done done;
  };
  void ask(Job job);
  void ask_once(const std::string& user, const std::string& key, std::function<Json()> make,
                Done done);
  void work();
  Job next();
  const Typist& typist(const std::string& layout, const TypistOptions& options);
  Answer checked(const std::string& layout, const TypistOptions& options, const std::string& text);

  Loop& loop_;
  std::map<std::string, Text> kept_;  // bodies of /layouts and /legends, by what was asked for
  std::list<Typist> typists_;         // for the thread: those that were used last
  std::string served_;                // for the thread: the user whose job was done last
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;   // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  std::thread worker_;
};

}  // namespace kvm
