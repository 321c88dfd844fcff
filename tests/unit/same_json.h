// Compares JSON as JSON: neither blanks nor the order of members matter.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

namespace kvm {

// EXPECT_TRUE(same_json(came, expected)): a failure shows `came` and where both differ.
testing::AssertionResult same_json(std::string_view came, std::string_view expected);

}  // namespace kvm
