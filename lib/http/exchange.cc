#include "http/exchange.h"

#include <microhttpd.h>

#include <utility>

#include "base/fd.h"
#include "http/mhd_request.h"
#include "http/single_exchange.h"

namespace kvm {

namespace {

constexpr std::size_t kMostHeader = 16 << 10;  // bytes; under TLS the library's memory holds more

}  // namespace

Exchanges::Exchanges(Loop& loop, Metrics& metrics, Visitors& visitors, Quota& quota,
                     bool trust_proxy, Calls calls)
    : metrics_(metrics),
      trust_proxy_(trust_proxy),
      shared_(std::make_shared<Shared>(Shared{loop, visitors, quota, std::move(calls)})) {}

Exchanges::~Exchanges() = default;

bool Exchanges::handle(MHD_Connection* connection, const char* url, const char* method,
                       const char* version, const char* data, std::size_t* size, void** context) {
  if (!*context) {
    if (header_bytes(connection) > kMostHeader) {
      const Handle<MHD_Response, MHD_destroy_response> response(
          MHD_create_response_from_buffer(0, nullptr, MHD_RESPMEM_PERSISTENT));
      return MHD_queue_response(connection, 431, response.get()) == MHD_YES;
    }
    const auto exchange = std::make_shared<Exchange>(
        connection, request_of(connection, {method, url, version}, trust_proxy_), shared_);
    open_.insert(exchange);
    *context = exchange.get();
    ++metrics_.requests;
    return exchange->begin();
  }
  Exchange& exchange = *static_cast<Exchange*>(*context);
  if (*size == 0) return exchange.step();
  exchange.take_in({data, std::exchange(*size, 0)});
  return true;
}

void Exchanges::completed(void** context) noexcept {
  if (!*context) return;
  auto* const exchange = static_cast<Exchange*>(std::exchange(*context, nullptr));
  exchange->end();
  open_.erase(exchange->shared_from_this());
}

bool Exchanges::resumed() const noexcept {
  return shared_->resumed;
}

bool Exchanges::take_resumed() noexcept {
  return std::exchange(shared_->resumed, false);
}

void Exchanges::end_waiting() {
  const auto open = open_;
  for (const auto& exchange : open)
    if (exchange->waiting()) exchange->answer(failure(503, "the server is stopping"));
}

}  // namespace kvm
