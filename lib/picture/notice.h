// Pictures made of words, for when there is no picture: NO SIGNAL, and why.
#pragma once

#include <string_view>

#include "picture/canvas.h"

namespace kvm {

class Notice {
 public:
  // Pixels, at least 1x1.
  Notice(int width, int height);

  // `title` in large letters, `detail` under it in smaller ones, wrapped at spaces; ASCII. Valid
  // until the next call.
  const Image& draw(std::string_view title, std::string_view detail);

 private:
  Canvas canvas_;
};

}  // namespace kvm
