#include "jpeg/scan_tables.h"

namespace kvm {

bool ScanTables::read_codes(Bytes body) {
  while (body.size() >= 17) {
    const std::size_t type = body[0] >> 4, number = body[0] & 15;
    std::size_t values = 0;
    for (const std::uint8_t count : body.subspan(1, 16)) values += count;
    if (type > 1 || number > 3 || body.size() < 17 + values) return false;
    codes[4 * type + number] = HuffmanCodes::of(body.subspan(1, 16 + values));
    body = body.subspan(17 + values);
  }
  return true;
}

void ScanTables::read_steps(Bytes body) {
  for (; body.size() >= 65 && body[0] <= 3; body = body.subspan(65))
    steps[body[0]] = body.subspan(1, 64);
}

std::optional<ScanTables> ScanTables::of(Bytes image, const JpegInfo& info) {
  if (!info.baseline || info.scans != 1) return std::nullopt;
  ScanTables tables;
  for (const JpegSegment& segment : segments_of(image, info)) {
    if (segment.marker == kDht && !tables.read_codes(segment.body)) return std::nullopt;
    if (segment.marker == kDqt) tables.read_steps(segment.body);
  }
  const Bytes frame = image.subspan(info.sof + 10), scan = image.subspan(info.sos + 4);
  const std::size_t count = scan[0];
  if (count != static_cast<std::size_t>(info.components)) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    if (frame[3 * i] != scan[1 + 2 * i]) return std::nullopt;  // the same components, in order
    const std::size_t h = frame[3 * i + 1] >> 4, v = frame[3 * i + 1] & 15;
    const std::size_t dc = scan[2 + 2 * i] >> 4, ac = scan[2 + 2 * i] & 15;
    if (dc > 3 || ac > 3 || !tables.codes[dc] || !tables.codes[4 + ac]) return std::nullopt;
    tables.components.push_back(
        {count == 1 ? 1 : h, count == 1 ? 1 : v, std::size_t{frame[3 * i + 2]} & 3, dc, 4 + ac});
  }
  return tables;
}

}  // namespace kvm
