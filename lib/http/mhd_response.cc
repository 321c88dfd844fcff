#include "http/mhd_response.h"

#include <microhttpd.h>

#include <memory>
#include <utility>

namespace kvm {

MHD_Response* response_of(Answer& answer) {
  if (answer.bytes.empty()) {
    const auto body = std::make_shared<const std::string>(std::move(answer.body));
    answer.bytes = as_bytes(*body);
    answer.owner = body;
  }
  if (!answer.owner)
    return MHD_create_response_from_buffer(answer.bytes.size(),
                                           const_cast<std::uint8_t*>(answer.bytes.data()),
                                           MHD_RESPMEM_PERSISTENT);
  using Owner = std::shared_ptr<const void>;
  auto owner = std::make_unique<Owner>(answer.owner);
  MHD_Response* const response = MHD_create_response_from_buffer_with_free_callback_cls(
      answer.bytes.size(), const_cast<std::uint8_t*>(answer.bytes.data()),
      [](void* held) { delete static_cast<Owner*>(held); }, owner.get());
  if (response) owner.release();
  return response;
}

}  // namespace kvm
