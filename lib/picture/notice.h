// Pictures that say in words why there is no picture: NO SIGNAL, and the reason.
#pragma once

#include <string_view>

#include "picture/canvas.h"

namespace kvm {

class Notice {
 public:
  // The size in pixels, at least 1x1.
  Notice(int width, int height);

  // Draws `title` in large letters and `detail` below in smaller letters, wrapped at spaces. Both
  // are ASCII. The picture is valid until the next call.
  const Image& draw(std::string_view title, std::string_view detail);

 private:
  Canvas canvas_;
};

}  // namespace kvm
