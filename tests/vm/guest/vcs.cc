// vcs [/dev/vcsuN]: prints a virtual console's text as UTF-8, without trailing blanks and without
// the empty rows at the end.
#include <cstdio>
#include <cstring>
#include <string>

#include "base/fd.h"
#include "base/io.h"
#include "base/text.h"

int main(int argc, char** argv) {
  const std::string device = argc > 1 ? argv[1] : "/dev/vcsu1";
  // vcsaN begins with rows and columns; vcsuN is UTF-32 in the machine's order.
  const std::string sized = "/dev/vcsa" + device.substr(std::strlen("/dev/vcsu"));
  const auto header = kvm::read_file(sized);
  const auto cells = kvm::read_file(device);
  const auto rows = static_cast<unsigned char>(header.at(0));
  const auto columns = static_cast<unsigned char>(header.at(1));
  std::string text;
  for (std::size_t row = 0; row < rows; ++row) {
    std::string line;
    for (std::size_t column = 0; column < columns; ++column) {
      char32_t cell = ' ';
      const std::size_t at = (row * columns + column) * sizeof cell;
      if (at + sizeof cell <= cells.size()) std::memcpy(&cell, cells.data() + at, sizeof cell);
      kvm::append_utf8(line, cell == 0 ? U' ' : cell);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  text.erase(text.find_last_not_of('\n') + 1);
  std::puts(text.c_str());
}
