#include "capture/v4l2_stream.h"

#include <linux/videodev2.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/error.h"

namespace kvm {

namespace {

// The argument of the ioctls on one buffer, in the single-planar and the multi-planar API.
struct Request {
  v4l2_buffer buffer{};
  v4l2_plane planes[VIDEO_MAX_PLANES]{};

  Request(const V4l2Node& node, std::uint32_t index) {
    buffer.index = index;
    buffer.type = node.type();
    buffer.memory = V4L2_MEMORY_MMAP;
    if (node.multi_planar()) {
      buffer.m.planes = planes;
      buffer.length = VIDEO_MAX_PLANES;
    }
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
};

// The engine keeps the picture being written and the newest picture.
constexpr std::size_t kLentAtOnce = 2;

std::int64_t unix_time_of(const v4l2_buffer& buffer) {
  const std::int64_t now = monotonic_us();
  const std::int64_t stamped = buffer.timestamp.tv_sec * 1'000'000LL + buffer.timestamp.tv_usec;
  const bool monotonic =
      (buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  // If the timestamp is missing or on another clock, use the arrival time.
  const std::int64_t age = now - stamped;
  return unix_us() - (monotonic && age >= 0 && age < 10'000'000 ? age : 0);
}

}  // namespace

LentPicture& LentPicture::operator=(LentPicture&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  stream_ = std::move(other.stream_);
  index_ = other.index_;
  sequence_ = other.sequence_;
  time_us_ = other.time_us_;
  copy_ = std::move(other.copy_);
  memory_ = other.memory_;
  count_ = other.count_;
  return *this;
}

void LentPicture::copy_memory() {
  std::size_t bytes = 0;
  for (const Bytes part : memory()) bytes += part.size();
  copy_.reserve(bytes);  // the parts below must not move
  for (Bytes& part : memory_) {
    const std::uint8_t* start = copy_.data() + copy_.size();
    copy_.insert(copy_.end(), part.begin(), part.end());
    part = {start, part.size()};
  }
  give_back();
}

void LentPicture::give_back() noexcept {
  if (stream_) stream_->queue(index_);
  stream_.reset();
}

std::shared_ptr<V4l2Stream> V4l2Stream::prepare(const V4l2Node& node, std::uint32_t buffers) {
  std::shared_ptr<V4l2Stream> stream(new V4l2Stream(node));
  v4l2_requestbuffers request{};
  request.count = buffers;
  request.type = node.type();
  request.memory = V4L2_MEMORY_MMAP;
  node.must(VIDIOC_REQBUFS, &request, "VIDIOC_REQBUFS");
  if (request.count == 0)
    throw Error(Exit::kOs, node.path() + ": the driver has no memory for pictures");
  for (std::uint32_t i = 0; i < request.count; ++i) stream->map(i);
  for (std::uint32_t i = 0; i < request.count; ++i)
    if (!stream->queue(i)) throw Error::from_errno(node.path() + ": VIDIOC_QBUF");
  return stream;
}

void V4l2Stream::start() {
  int type = static_cast<int>(node_->type());
  node_->must(VIDIOC_STREAMON, &type, "VIDIOC_STREAMON");
}

void V4l2Stream::map(std::uint32_t index) {
  Request request(*node_, index);
  node_->must(VIDIOC_QUERYBUF, &request.buffer, "VIDIOC_QUERYBUF");
  const bool multi = node_->multi_planar();
  const std::uint32_t count = multi ? request.buffer.length : 1;
  auto& planes = buffers_.emplace_back();
  for (std::uint32_t i = 0; i < count && i < 3; ++i) {
    const std::size_t bytes = multi ? request.planes[i].length : request.buffer.length;
    const std::uint32_t offset = multi ? request.planes[i].m.mem_offset : request.buffer.m.offset;
    void* start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, node_->fd(), offset);
    if (start == MAP_FAILED) throw Error::from_errno(node_->path() + ": mmap");
    planes.push_back({start, bytes});
  }
}

bool V4l2Stream::queue(std::uint32_t index) const noexcept {
  if (!node_) return false;
  Request request(*node_, index);
  // The driver wants the number of planes, not the length of the array.
  if (node_->multi_planar()) request.buffer.length = static_cast<__u32>(buffers_[index].size());
  return node_->ask(VIDIOC_QBUF, &request.buffer);
}

Taken V4l2Stream::take(LentPicture& into) {
  if (!node_) return Taken::kNothing;
  Request request(*node_, 0);
  if (!node_->ask(VIDIOC_DQBUF, &request.buffer)) {
    if (errno == EAGAIN) return Taken::kNothing;
    return errno == ENODEV || errno == ENXIO || errno == EBADF ? Taken::kGone : Taken::kBroken;
  }
  const v4l2_buffer& buffer = request.buffer;
  if (buffer.index >= buffers_.size()) return Taken::kBroken;
  LentPicture picture;
  picture.stream_ = shared_from_this();
  picture.index_ = buffer.index;
  picture.sequence_ = buffer.sequence;
  picture.time_us_ = unix_time_of(buffer);
  const auto& mappings = buffers_[buffer.index];
  picture.count_ = mappings.size();
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    std::size_t used = buffer.bytesused, skip = 0;
    if (node_->multi_planar()) {
      used = request.planes[i].bytesused;
      skip = request.planes[i].data_offset;
    }
    used = std::min(used, mappings[i].bytes);
    skip = std::min(skip, used);
    picture.memory_[i] = {static_cast<const std::uint8_t*>(mappings[i].start) + skip, used - skip};
  }
  if (buffer.flags & V4L2_BUF_FLAG_ERROR || picture.memory_[0].empty()) return Taken::kFlawed;
  if (buffers_.size() < kLentAtOnce + 1) picture.copy_memory();
  into = std::move(picture);
  return Taken::kPicture;
}

void V4l2Stream::stop() noexcept {
  if (!node_) return;
  int type = static_cast<int>(node_->type());
  node_->ask(VIDIOC_STREAMOFF, &type);
  v4l2_requestbuffers no_buffers{};
  no_buffers.type = node_->type();
  no_buffers.memory = V4L2_MEMORY_MMAP;
  // Lent pictures keep their memory: since Linux 5.0 the kernel orphans mapped buffers here.
  node_->ask(VIDIOC_REQBUFS, &no_buffers);
  node_ = nullptr;
}

V4l2Stream::~V4l2Stream() {
  stop();
  for (const auto& planes : buffers_)
    for (const Mapping& mapping : planes) ::munmap(mapping.start, mapping.bytes);
}

}  // namespace kvm
