#include "http/consoles.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace kvm {

namespace {

constexpr std::uint64_t kUpdateVersion = 2, kWhole = 1, kHead = 2;  // version and flags
constexpr std::int64_t kStateGapUs = 200'000, kTickUs = 250'000, kPingUs = 20'000'000;
constexpr std::size_t kMostQueued = 4 << 20;  // bytes queued for a viewer that does not read
constexpr std::int64_t kSilentUs = 60'000'000;
constexpr std::size_t kLongestControl = 1 << 10;  // bytes of a control message

void put(std::string& to, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to.push_back(static_cast<char>(value >> (8 * i)));
}

// The fixed part at the start of each binary message.
std::string update_header(std::uint64_t flags, std::size_t pieces, const Frame& frame) {
  std::string header;
  put(header, kUpdateVersion, 1);
  put(header, flags, 1);
  put(header, pieces, 2);
  put(header, frame.id, 4);
  put(header, static_cast<std::uint64_t>(frame.time_us), 8);
  return header;
}

std::string update_body(const std::vector<Mosaic::Piece>& pieces, bool whole, const Frame& frame) {
  std::string body = update_header(whole ? kWhole : 0, pieces.size(), frame);
  for (const Mosaic::Piece& piece : pieces) {
    for (const int value : {piece.x, piece.y, piece.width, piece.height})
      put(body, static_cast<std::uint64_t>(value), 2);
    for (const int value : {piece.left, piece.top, piece.right, piece.bottom})
      put(body, static_cast<std::uint64_t>(value), 1);
    put(body, piece.coded.size(), 4);
  }
  for (const Mosaic::Piece& piece : pieces) body += piece.coded;
  return body;
}

std::shared_ptr<const std::string> binary_message(const std::string& body) {
  return std::make_shared<const std::string>(
      websocket_header(WebSocketFrame::kBinary, body.size()) + body);
}

// Closes a connection that no Console holds (RFC 6455, 7.4.1: 1013 is "try again later").
void turn_away(const Upgraded& connection, const std::string& why) {
  const std::string frame =
      websocket_header(WebSocketFrame::kClose, 2 + why.size()) + "\x03\xf5" + why;
  ::send(connection.fd, frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  connection.close();
}

}  // namespace

struct Consoles::Console {
  ViewerId id;
  User user;
  std::optional<Visit> visit;
  std::unique_ptr<WebSocket> socket;
  bool pictures = true;
  bool owes_state = false;  // the state has changed since it was last sent
  std::uint32_t shown = 0;  // id of the frame that the last update showed; 0: none
  std::int64_t shown_content = 0;
  std::shared_ptr<const std::string> head;  // Mosaic::head() as last sent
  bool in_flight = false;                   // the last update is not acknowledged yet
  std::optional<Refused> refused;           // of the message that is being taken
  std::int64_t pinged_us = 0;
};

Consoles::Consoles(Needs needs) : needs_(std::move(needs)) {
  needs_.newest.on_frame([this] {
    for (auto& [id, console] : consoles_) update(*console);
  });
}

Consoles::~Consoles() = default;

void Consoles::adopt(ViewerId id, const User& user, Upgraded connection) {
  const auto same = [&](const auto& entry) { return entry.second->user.name == user.name; };
  if (!user.name.empty() && std::ranges::count_if(consoles_, same) >= kMostOfUser)
    return turn_away(connection, strf("this user has %td WebSockets already", kMostOfUser));
  auto owned = std::make_unique<Console>();
  Console& console = *owned;
  console.id = id;
  console.user = user;
  console.visit.emplace(needs_.audit, "console", user,
                        Audit::Facts{{"viewer", std::to_string(id)}});
  console.pinged_us = needs_.loop.now_us();
  console.socket = std::make_unique<WebSocket>(
      needs_.loop, needs_.turns, std::move(connection), WebSocket::Holder{needs_.quota, user.name},
      [this, &console](std::string_view message, std::size_t taken) {
        return on_text(console, message, taken);
      },
      [this, id] {
        if (const auto found = consoles_.find(id); found != consoles_.end()) drop(found);
      });
  consoles_.emplace(id, std::move(owned));
  needs_.control.join(id, user.role == Role::kControl ? Permission::kControl : Permission::kWatch);
  ++needs_.metrics.websockets;
  send_state(console, shared_state());
  update(console);
  state_changed();
  if (!std::exchange(ticking_, true)) tick();
}

// Takes the next piece of a message; see WebSocket::OnText.
std::size_t Consoles::on_text(Console& console, std::string_view message, std::size_t taken) {
  if (taken == 0) {
    needs_.control.heard(console.id);
    console.refused.reset();
    if (message.starts_with('{')) {
      on_control(console, message);
      return message.size();
    }
  }
  const std::string_view lines = next_lines(message, taken);
  needs_.control.submit(console.id, lines, console.refused);
  const bool last = taken + lines.size() + 1 >= message.size();
  if (last && console.refused) {
    console.socket->send_text(
        Json::object(
            {{"op", "error"}, {"line", console.refused->line}, {"why", console.refused->why}})
            .text());
    state_changed();
  }
  return last ? message.size() - taken : lines.size() + 1;
}

void Consoles::on_control(Console& console, std::string_view message) {
  if (message.size() > kLongestControl) return;
  const auto json = JsonObject::parse(message);
  const auto op = json ? json->text("op") : std::nullopt;
  if (op == "ack") {
    if (json->number("id") != console.shown) return;
    console.in_flight = false;
    update(console);
  } else if (op == "control") {
    if (json->flag("take") == true)
      needs_.control.take(console.id);
    else
      needs_.control.give_up(console.id);
  } else if (op == "picture") {
    console.pictures = json->text("mode") != "off";
    console.in_flight = false;
    console.shown = 0;
    console.head.reset();
    update(console);
  }
}

// The message that updates a viewer from the frame `shown` (0: none) to the newest one; null if the
// pictures are the same.
const Consoles::Message& Consoles::message_since(std::uint32_t shown) {
  const Frame& frame = *needs_.newest.frame();
  const JpegInfo& info = frame.info();
  if (mosaic_.id() != frame.id) {
    messages_.clear();
    mosaic_.show(frame.jpeg(), info, frame.id);
  }
  const auto [message, inserted] = messages_.try_emplace(shown);
  if (!inserted) return message->second;

  auto pieces = mosaic_.since(shown);
  std::size_t bytes = 0;
  if (pieces)
    for (const Mosaic::Piece& piece : *pieces) bytes += piece.coded.size();
  const bool whole = !pieces || bytes >= info.size;
  if (whole && shown != 0) return message->second = message_since(0);  // all share this message
  if (whole)
    pieces.emplace(1, Mosaic::Piece{0, 0, info.width, info.height, 0, 0, 0, 0,
                                    std::string(as_text(frame.jpeg()))});
  if (!pieces->empty()) message->second = binary_message(update_body(*pieces, whole, frame));
  return message->second;
}

// Sends the changes of the picture, unless the last update is not acknowledged yet. In that case
// the acknowledgement calls this function again, which then sends all changes as one update.
void Consoles::update(Console& console) {
  const FramePtr& frame = needs_.newest.current();
  if (!console.pictures || console.in_flight || !frame || frame->id == console.shown) return;
  if (console.shown != 0 && frame->content == console.shown_content) return;
  const auto& message = message_since(console.shown);
  console.shown = frame->id;
  console.shown_content = frame->content;
  if (!message) return;
  if (const auto& head = mosaic_.head(); head && (!console.head || *head != *console.head)) {
    console.head = head;
    console.socket->send_shared(binary_message(update_header(kHead, 0, *frame) + *head));
  }
  console.in_flight = true;
  ++needs_.metrics.updates;
  needs_.metrics.update_bytes += message->size();
  needs_.metrics.update_age.add(frame->age_us(needs_.loop.now_us()));
  console.socket->send_shared(message);
}

// The state message without "you" and the last brace: this part is the same for all viewers.
std::string Consoles::shared_state() const {
  std::vector<Json::Member> state = {{"op", "state"}};
  for (auto& member : needs_.state()) state.push_back(std::move(member));
  std::string text = Json::object(state).text();
  text.pop_back();
  return text;
}

void Consoles::send_state(Console& console, const std::string& shared) {
  std::vector<Json::Member> you = {{"id", console.id},
                                   {"role", name_of(console.user.role)},
                                   {"controller", needs_.control.controller() == console.id},
                                   {"login", !console.user.name.empty()}};
  for (auto& member : needs_.control.told(console.id)) you.push_back(std::move(member));
  console.owes_state = false;
  console.socket->send_text(shared + ",\"you\":" + Json::object(you).text() + "}");
}

void Consoles::note_controller() {
  const auto now = needs_.control.controller();
  const auto before = std::exchange(controller_, now);
  if (now == before) return;
  const auto viewer = [this](const std::optional<ViewerId>& id) {
    return id ? consoles_.find(*id) : consoles_.end();
  };
  const auto from = viewer(before), to = viewer(now);
  if (from != consoles_.end()) from->second->socket->set_precedence(WebSocket::Precedence::kInTurn);
  if (to != consoles_.end()) to->second->socket->set_precedence(WebSocket::Precedence::kFirst);
  if (to != consoles_.end())
    needs_.audit.note("control taken", to->second->user,
                      {{"viewer", std::to_string(to->first)},
                       {"before", from == consoles_.end() ? "" : std::to_string(from->first)}});
  else if (from != consoles_.end())
    needs_.audit.note("control released", from->second->user,
                      {{"viewer", std::to_string(from->first)}});
}

void Consoles::state_changed() {
  note_controller();
  if (consoles_.empty() || std::exchange(state_scheduled_, true)) return;
  const std::int64_t wait_us =
      std::max<std::int64_t>(0, state_sent_us_ + kStateGapUs - needs_.loop.now_us());
  needs_.loop.after(wait_us, [this] {
    state_scheduled_ = false;
    state_sent_us_ = needs_.loop.now_us();
    for (auto& [id, console] : consoles_) console->owes_state = true;
    send_owed_states();
  });
}

// Sends the state to viewers that should have it, for a short time; the rest have it in the next
// turn of the loop. A viewer that does not read has it when it reads again.
void Consoles::send_owed_states() {
  const std::int64_t until_us = needs_.turns.until_us();
  std::string shared;
  for (auto& [id, console] : consoles_) {
    if (!console->owes_state || console->socket->queued_bytes() >= kMostQueued / 4) continue;
    if (needs_.loop.now_us() > until_us) {
      needs_.turns.ask([this] { send_owed_states(); });
      return;
    }
    if (shared.empty()) shared = shared_state();
    send_state(*console, shared);
  }
}

void Consoles::drop(Place console) {
  const ViewerId id = console->first;
  consoles_.erase(console);
  needs_.control.leave(id);
  state_changed();
}

// Drops viewers that take no bytes or went silent, and pings the others.
void Consoles::tick() {
  ticking_ = !consoles_.empty();
  if (!ticking_) return;
  const std::int64_t now_us = needs_.loop.now_us();
  for (auto next = consoles_.begin(); next != consoles_.end();) {
    const Place place = next++;
    Console& console = *place->second;
    WebSocket& socket = *console.socket;
    const bool stalled = socket.queued_bytes() > 0 && now_us - socket.sent_us() > needs_.stall_us;
    if (stalled || socket.queued_bytes() > kMostQueued || now_us - socket.heard_us() > kSilentUs) {
      ++needs_.metrics.stalled_viewers;
      drop(place);
    } else if (now_us - console.pinged_us > kPingUs) {
      console.pinged_us = now_us;
      socket.send_ping();
    }
  }
  send_owed_states();
  needs_.loop.after(kTickUs, [this] { tick(); });
}

void Consoles::close_all(std::string_view why) {
  for (auto& [id, console] : consoles_) console->socket->close(WSLAY_CODE_GOING_AWAY, why);
}

void Consoles::drop_if(const std::function<bool(const User&)>& gone) {
  for (auto next = consoles_.begin(); next != consoles_.end();) {
    const Place place = next++;
    if (gone(place->second->user)) drop(place);
  }
}

}  // namespace kvm
