// frames [FILE]: reads kvm-capture's stream and prints a line for each frame as it comes:
// "live 1280x720 n=4 age=12 bytes=20140" (age in ms). FILE is always the newest whole frame.
// Anything in the stream that is no whole JPEG image is an error (65).
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/io.h"
#include "jpeg/frame_facts.h"
#include "jpeg/marker_walker.h"

namespace {

void keep(const std::string& image, const char* file) {
  const std::string fresh = std::string(file) + ".new";
  std::FILE* out = std::fopen(fresh.c_str(), "wb");
  if (out == nullptr) std::exit(74);
  std::fwrite(image.data(), 1, image.size(), out);
  std::fclose(out);
  std::rename(fresh.c_str(), file);
}

void print(const std::string& image, const kvm::JpegInfo& info) {
  const auto facts = kvm::read_facts(kvm::as_bytes(image));
  timeval now{};
  gettimeofday(&now, nullptr);
  const long long now_us = now.tv_sec * 1000000LL + now.tv_usec;
  std::printf("%s %dx%d n=%lld age=%lld bytes=%zu\n", kvm::name_of(facts.state), info.width,
              info.height, static_cast<long long>(facts.sequence.value_or(0)),
              (now_us - static_cast<long long>(facts.time_us.value_or(now_us))) / 1000,
              image.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::string stream;
  kvm::JpegWalker walker;
  static char chunk[1 << 16];
  ssize_t count;
  while ((count = read(0, chunk, sizeof chunk)) > 0) {
    stream.append(chunk, static_cast<std::size_t>(count));
    for (kvm::JpegWalk step; !stream.empty();) {
      step = walker.walk(kvm::as_bytes(stream));
      if (step == kvm::JpegWalk::kMore) break;
      if (step == kvm::JpegWalk::kBad) {
        std::printf("bad: %s\n", kvm::name_of(walker.fault()));
        return 65;
      }
      const std::string image = stream.substr(0, walker.info().size);
      if (argc > 1) keep(image, argv[1]);
      print(image, walker.info());
      stream.erase(0, image.size());
      walker = {};
    }
  }
  if (stream.empty()) return 0;
  std::printf("bad: cut short\n");
  return 65;
}
