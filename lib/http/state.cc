#include "http/state.h"

#include "base/clock.h"
#include "jpeg/quality.h"

namespace kvm {

std::vector<Json::Member> state_members(const StateParts& parts) {
  const FramePtr& frame = parts.newest.frame();
  const int fps = parts.newest.fps();
  const std::size_t viewers = parts.streams + parts.consoles;
  const Json resolution = Json::object(
      {{"width", frame ? frame->info().width : 0}, {"height", frame ? frame->info().height : 0}});
  return {
      {"instance_id", ""},
      {"encoder",
       Json::object({{"type", "CPU"}, {"quality", frame ? jpeg_quality(frame->jpeg()) : 0}})},
      {"source", Json::object({{"resolution", resolution},
                               {"online", parts.newest.source() == SourceState::kLive},
                               {"desired_fps", 0},
                               {"captured_fps", fps}})},
      {"stream",
       Json::object({{"queued_fps", fps}, {"clients", viewers}, {"clients_stat", parts.clients}})},
      {"kvm", Json::object({{"title", parts.title},
                            {"source", name_of(parts.newest.source())},
                            {"input", parts.control.view_only() ? "view-only" : "ok"},
                            {"controller", Json::object({{"id", parts.control.controller()},
                                                         {"shared", parts.shared_control}})},
                            {"viewers", viewers},
                            {"now_us", unix_us()},
                            {"keyboard", parts.keyboard ? to_json(*parts.keyboard) : Json()}})}};
}

}  // namespace kvm
