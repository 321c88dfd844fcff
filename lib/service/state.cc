#include "service/state.h"

#include "base/clock.h"
#include "base/text.h"
#include "format/jpeg_quality.h"
#include "service/json.h"

namespace kvm {

std::string state_members(const StateParts& parts) {
  const FramePtr& frame = parts.hub.newest();
  const int quality = frame ? jpeg_quality(frame->jpeg()) : 0;
  const int fps = parts.hub.fps();
  const std::size_t viewers = parts.streams + parts.consoles;
  const auto controller = parts.input.controller();
  return strf(
             "\"instance_id\":\"\",\"encoder\":{\"type\":\"CPU\",\"quality\":%d},"
             "\"source\":{\"resolution\":{\"width\":%d,\"height\":%d},\"online\":%s,"
             "\"desired_fps\":0,\"captured_fps\":%d},"
             "\"stream\":{\"queued_fps\":%d,\"clients\":%zu,\"clients_stat\":",
             quality, frame ? frame->memory.info.width : 0, frame ? frame->memory.info.height : 0,
             json_bool(parts.hub.source() == Source::kLive), fps, fps, viewers) +
         parts.clients + "},\"kvm\":{\"title\":" + json_string(parts.title) +
         strf(",\"source\":\"%s\",\"input\":\"%s\",", name_of(parts.hub.source()),
              parts.input.view_only() ? "view-only" : "ok") +
         strf("\"controller\":{\"id\":%s,\"shared\":%s},\"viewers\":%zu,\"now_us\":%lld,",
              controller ? std::to_string(*controller).c_str() : "null",
              json_bool(parts.shared_control), viewers, static_cast<long long>(unix_us())) +
         "\"keyboard\":" + parts.keyboard + "}";
}

}  // namespace kvm
