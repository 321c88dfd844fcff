// Fuzzes text from strangers (forms, query strings, Host, Origin and other headers, control
// messages) and text from other programs (password lines, status lines).
#include <cstdlib>

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "base/text.h"
#include "http/origin.h"
#include "http/request.h"
#include "keys/keyboard_status.h"
#include "net/password_file.h"

using namespace kvm;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// A field with every byte escaped reads back unchanged, whatever other fields stand around it.
void form(std::string_view bytes) {
  form_field(bytes, "name");
  std::string escaped;
  for (const char byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    escaped += {'%', kDigits[static_cast<unsigned char>(byte) >> 4], kDigits[byte & 15]};
  }
  require(form_field("other=1&name=" + escaped + "&name=2", "name") == bytes);
}

void host(std::string_view bytes) {
  static const HostList list({"kvm.example.org"});
  const std::string name = host_name(bytes);
  require(name.size() <= bytes.size());
  if (list.allows(bytes, "192.0.2.1", false)) require(bytes.empty() || !name.empty());
  require(same_origin(bytes, "", bytes, false) == bytes.empty());
  const std::string address = forwarded_address(bytes);
  require(address.empty() || forwarded_address(address) == address);
  Peer peer;
  believe_proxy(peer, {{"X-Forwarded-For", std::string(bytes)}});
  require(peer.address == forwarded_address(trim(split(bytes, ',').back())));
  has_word(bytes, "upgrade");
  require(names_tag("\"a\"," + std::string(bytes), "\"a\""));
}

void json(std::string_view bytes) {
  if (const auto object = JsonObject::parse(bytes)) {
    object->text("op");
    object->number("id");
    object->flag("take");
    object->texts("leds");
  }
  if (const auto keyboard = read_keyboard_status(bytes))
    require(read_keyboard_status(to_json_line(*keyboard, 0)) == keyboard);
  require(JsonObject::parse(Json::object({{"a", bytes}}).text()).has_value());
}

void passwords(std::string_view bytes) {
  try {
    for (const Account& account : parse_passwords(bytes, "file"))
      require(!account.name.empty() && !account.hash.empty() &&
              account.name.find('\n') == account.name.npos);
  } catch (const Error& error) {
    require(error.exit() == Exit::kConfig);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = as_text({data + 1, size - 1});
  switch (data[0] % 4) {
    case 0:
      form(bytes);
      break;
    case 1:
      host(bytes);
      break;
    case 2:
      json(bytes);
      break;
    default:
      passwords(bytes);
  }
  return 0;
}
