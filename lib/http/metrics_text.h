// The body of GET /metrics: Prometheus text format 0.0.4.
#pragma once

#include <cstddef>
#include <string>

#include "hub/metrics.h"
#include "net/auth.h"

namespace kvm {

// Values of this moment. Metrics and LoginCounts hold the counters.
struct Gauges {
  std::size_t streams, consoles, connections;
  int fps;
  bool live, view_only;
  double age_s;  // of the newest frame; negative: there is no frame yet
};

std::string metrics_text(const Metrics& counted, const LoginCounts& logins, const Gauges& now);

}  // namespace kvm
