// Compares JSON as JSON: blanks and the order of members do not matter.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

namespace kvm {

// EXPECT_TRUE(same_json(came, expected)): a failure shows both, and where they differ.
testing::AssertionResult same_json(std::string_view came, std::string_view expected);

}  // namespace kvm
