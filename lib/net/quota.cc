#include "net/quota.h"

namespace kvm {

bool Quota::Share::resize(std::size_t bytes) {
  if (bytes == bytes_) return true;
  std::size_t& of_user = quota_->used_by_[user_];
  const std::size_t rest_of_user = of_user - bytes_, rest = quota_->used_ - bytes_;
  const bool fits = bytes < bytes_ ||
                    (rest_of_user + bytes <= quota_->per_user_ && rest + bytes <= quota_->in_all_);
  if (fits) {
    of_user = rest_of_user + bytes;
    quota_->used_ = rest + bytes;
    bytes_ = bytes;
  }
  if (of_user == 0) quota_->used_by_.erase(user_);
  return fits;
}

}  // namespace kvm
