#include "same_json.h"

#include <nlohmann/json.hpp>

namespace kvm {

testing::AssertionResult same_json(std::string_view came, std::string_view expected) {
  const auto right = nlohmann::json::parse(expected);
  const auto actual = nlohmann::json::parse(came, nullptr, false);
  if (actual.is_discarded()) return testing::AssertionFailure() << "not JSON: " << came;
  if (actual == right) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "came: " << came << "\nexpected: " << expected
                                     << "\nchanges from what came to the expected: "
                                     << nlohmann::json::diff(actual, right).dump();
}

}  // namespace kvm
