#include "http/gate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <optional>

#include "password_hash.h"

namespace kvm {
namespace {

// A request whose answer a test reads. Functions that a gate does not call do nothing.
struct PlayedReply final : Reply {
  const Request& request() const noexcept override { return asked; }
  void answer(Answer given) override {
    EXPECT_FALSE(answered) << "answered twice";
    answered = std::move(given);
  }
  void defer() override { deferred = true; }
  void go_on(std::function<void()> next) override { next(); }
  void hand_over(const Adopt&) override {}
  void pour(std::string, Fields, Pull) override {}
  void wake() override {}
  void recognized() override {}
  bool waits() const noexcept override { return false; }
  void upgrade(Fields, std::function<void(Upgraded)>) override {}
  bool encrypted() const noexcept override { return false; }
  int fd() const noexcept override { return -1; }
  bool over() const noexcept override { return false; }
  bool hung_up() const noexcept override { return false; }

  std::string header(const std::string& name) const {
    for (const auto& [key, value] : answered->headers)
      if (key == name) return value;
    return "";
  }

  Request asked{"GET", "/", "HTTP/1.1"};
  std::optional<Answer> answered;
  bool deferred = false;
};

struct Gates : testing::Test {
  ~Gates() override { std::remove(file.c_str()); }

  static std::shared_ptr<PlayedReply> ask(Fields headers, bool local = true) {
    auto reply = std::make_shared<PlayedReply>();
    reply->asked.headers = std::move(headers);
    reply->asked.peer = {"192.0.2.7", "192.0.2.1", local, local};
    return reply;
  }
  // Asks the gate who sent the request. Returns the user's name; empty: the request did not pass.
  std::string entered(Gate& gate, const std::shared_ptr<PlayedReply>& reply) {
    std::string name;
    gate.identify(reply, [&](const ReplyPtr&, const User& user) {
      name = user.name;
      loop.stop();
    });
    if (reply->deferred && name.empty()) loop.run();
    return name;
  }

  static std::string written_file() {
    const std::string path = testing::TempDir() + "gate." + std::to_string(::getpid());
    std::ofstream(path) << "ann:" << kHash << "\n";
    return path;
  }
  std::string file = written_file();
  Loop loop;
  Metrics metrics;
  Audit audit;
  Auth auth{loop, audit, {file}, [] {}};
};

TEST_F(Gates, TellHowToAllowAHostName) {
  Gate gate(auth, metrics, {"kvm.example.org"}, {"add the name", ""});
  const auto ours = ask({{"Host", "kvm.example.org"}}), theirs = ask({{"Host", "evil.example"}});
  EXPECT_TRUE(gate.comes_from_us(ours));
  EXPECT_FALSE(ours->answered);
  EXPECT_FALSE(gate.comes_from_us(theirs));
  EXPECT_EQ(theirs->answered->status, 421);
  EXPECT_NE(theirs->answered->body.find("'evil.example' (add the name)"), std::string::npos);
  EXPECT_EQ(metrics.forbidden, 1u);
}

TEST_F(Gates, RefuseAnotherSiteWhatPressesKeys) {
  Gate gate(auth, metrics, {"kvm.example.org"}, {"", "believe it"});
  const Fields foreign = {{"Host", "kvm.example.org"}, {"Origin", "http://evil.example"}};
  EXPECT_TRUE(gate.comes_from_us(ask(foreign)));
  const auto post = ask(foreign), socket = ask(foreign);
  post->asked.method = "POST";
  socket->asked.path = "/ws";
  for (const auto& reply : {post, socket}) {
    EXPECT_FALSE(gate.comes_from_us(reply));
    EXPECT_EQ(reply->answered->status, 403);
    EXPECT_NE(
        reply->answered->body.find("the page is at 'http://evil.example', but the request is for "
                                   "the host 'kvm.example.org'"),
        std::string::npos);
  }
}

TEST_F(Gates, NameWhatTheProxyLacks) {
  Gate gate(auth, metrics, {"kvm.example.org"}, {"", "believe it"});
  const auto post = ask({{"Host", "kvm.example.org"}, {"Origin", "https://kvm.example.org"}});
  post->asked.method = "POST";
  testing::internal::CaptureStderr();
  EXPECT_FALSE(gate.comes_from_us(post));
  EXPECT_NE(post->answered->body.find("X-Forwarded-Proto (believe it)"), std::string::npos);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("the page is at 'https://kvm.example.org', but the request came by http;"),
            std::string::npos);
  post->answered.reset();
  testing::internal::CaptureStderr();
  EXPECT_FALSE(gate.comes_from_us(post));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(Gates, SendAPersonToTheFormAndAProgramAStatus) {
  Gate gate(auth, metrics, {}, {});
  const auto person = ask({{"Accept", "text/html"}}), program = ask({}),
             script = ask({{"Sec-Fetch-Mode", "cors"}});
  for (const auto& reply : {person, program, script}) EXPECT_EQ(entered(gate, reply), "");
  EXPECT_EQ(person->answered->status, 303);
  EXPECT_EQ(person->header("Location"), "login");
  EXPECT_EQ(program->answered->status, 401);
  EXPECT_NE(program->header("WWW-Authenticate"), "");
  EXPECT_EQ(script->answered->status, 401);
  EXPECT_EQ(script->header("WWW-Authenticate"), "");
}

TEST_F(Gates, TakeAPasswordOnlyWhereNobodyReadsIt) {
  Gate gate(auth, metrics, {}, {});
  const auto open = ask({}, false), safe = ask({});
  for (const auto& reply : {open, safe}) reply->asked.basic = Credentials{"ann", "password"};
  EXPECT_EQ(entered(gate, open), "");
  EXPECT_EQ(open->answered->status, 403);
  EXPECT_EQ(entered(gate, safe), "ann");
  EXPECT_FALSE(safe->answered);
}

// The header that a proxy sends is believed only where nobody else can send it.
TEST_F(Gates, BelieveAProxyOnItsSocketOrWithItsSecret) {
  Gate gate(auth, metrics, {}, {}, {"X-User", "a long secret word"});
  const auto asked = [&](const std::string& via, Fields headers) {
    auto reply = ask(std::move(headers));
    reply->asked.peer.via = via;
    return reply;
  };
  const std::pair<std::string, std::string> ann{"x-user", "ann"},
      secret{"X-Kvm-Proxy-Secret", "a long secret word"},
      wrong{"X-Kvm-Proxy-Secret", "a long secret wore"};
  for (const auto& reply : {asked("unix", {ann}), asked("127.0.0.1", {ann, secret})}) {
    EXPECT_EQ(entered(gate, reply), "ann");
    EXPECT_FALSE(reply->answered);
  }
  for (const auto& reply :
       {asked("127.0.0.1", {ann}), asked("127.0.0.1", {ann, wrong}),
        asked("127.0.0.1", {ann, secret, secret}), asked("192.0.2.9", {ann, secret}),
        asked("unix", {{"X-User", "nobody"}}), asked("unix", {ann, ann}),
        asked("unix", {ann, {"X-User", "bob"}})}) {
    EXPECT_EQ(entered(gate, reply), "");
    ASSERT_TRUE(reply->answered);
    EXPECT_GE(reply->answered->status, 400);
  }
  EXPECT_EQ(metrics.forbidden, 7u);
}

TEST_F(Gates, GuessesAtTheProxysSecretCount) {
  Gate gate(auth, metrics, {}, {}, {"X-User", "a long secret word"});
  const auto guess = [&](const std::string& secret) {
    const auto reply = ask({{"X-User", "ann"}, {"X-Kvm-Proxy-Secret", secret}});
    reply->asked.peer.via = "127.0.0.1";
    entered(gate, reply);
    return reply->answered ? reply->answered->status : 200;
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(guess("bad"), 403);
  EXPECT_EQ(guess("bad"), 429);
  EXPECT_EQ(auth.counts().failures, 4u);
  EXPECT_EQ(guess("a long secret word"), 200) << "the proxy has the same address";
}

TEST_F(Gates, AnEmptyOriginIsAnotherSite) {
  Gate gate(auth, metrics, {}, {});
  const auto reply = ask({{"Host", "localhost"}, {"Origin", ""}});
  reply->asked.method = "POST";
  EXPECT_FALSE(gate.comes_from_us(reply));
  EXPECT_EQ(reply->answered->status, 403);
}

TEST_F(Gates, TakeTheProxysUserBeforeAnyOtherLogin) {
  Gate gate(auth, metrics, {}, {}, {"X-User"});
  const auto reply = ask({{"X-User", "ann"}, {"Authorization", "Bearer nonsense"}});
  reply->asked.peer.via = "unix";
  reply->asked.basic = Credentials{"ann", "bad"};
  EXPECT_EQ(entered(gate, reply), "ann");
  const auto empty = ask({{"X-User", ""}});
  empty->asked.peer.via = "unix";
  EXPECT_EQ(entered(gate, empty), "");
  EXPECT_EQ(empty->answered->status, 401) << "the proxy let nobody in";
  Gate closed(auth, metrics, {}, {});
  EXPECT_EQ(entered(closed, ask({{"X-User", "ann"}})), "") << "without the option it is any header";
}

}  // namespace
}  // namespace kvm
