#include "usb/machine_id.h"

#include <crypt.h>

#include <memory>

#include "base/error.h"
#include "base/sysfs.h"
#include "base/text.h"

namespace kvm {

std::string machine_identity() {
  // A boot_id makes a poor serial number, because it changes; a constant would be worse.
  for (const char* path : {"/etc/machine-id", "/sys/firmware/devicetree/base/serial-number",
                           "/sys/class/dmi/id/product_uuid", "/proc/sys/kernel/random/boot_id"}) {
    const auto id = read_attribute(path);
    if (id && id->size() >= 8 && *id != "uninitialized") return *id;
  }
  throw Error(Exit::kNoInput,
              "/etc/machine-id: missing; this machine's serial number comes from it");
}

std::string derive_id(const std::string& machine, const std::string& purpose) {
  // crypt(3) is a one-way function that we link anyway: SHA-256, few rounds, our own salt.
  const auto data = std::make_unique<crypt_data>();
  const std::string phrase = purpose + "\n" + machine;
  const char* hashed = crypt_r(phrase.c_str(), "$5$rounds=1000$kvmpi.usb.gadget$", data.get());
  if (!hashed || *hashed == '*') throw Error::from_errno("crypt: SHA-256");
  // The last 43 characters carry 6 bits each.
  static constexpr std::string_view kAlphabet =
      "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const std::string_view code =
      std::string_view(hashed).substr(std::string_view(hashed).size() - 43);
  std::string id;
  for (std::size_t i = 0; i < 16; i += 2)
    id += strf("%03zx", (kAlphabet.find(code[i]) << 6 | kAlphabet.find(code[i + 1])) & 0xfff);
  return id;
}

std::string derive_mac(const std::string& machine, const std::string& purpose) {
  const std::string id = derive_id(machine, purpose);
  std::string mac = "02";
  for (std::size_t i = 0; i < 10; i += 2) mac += ":" + id.substr(i, 2);
  return mac;
}

}  // namespace kvm
