#include "net/quota.h"

#include <gtest/gtest.h>

#include <optional>

namespace kvm {
namespace {

TEST(Quotas, AUserCannotUseUpAnothers) {
  Quota quota(40, 100);
  Quota::Share first(quota, "ann"), second(quota, "ann"), bobs(quota, "bob");
  EXPECT_TRUE(first.resize(30));
  EXPECT_FALSE(second.resize(11));
  EXPECT_TRUE(second.resize(10));
  EXPECT_TRUE(bobs.resize(40));
  EXPECT_FALSE(bobs.resize(41));
}

TEST(Quotas, AllUsersTogetherHaveALimit) {
  Quota quota(40, 100);
  Quota::Share ann(quota, "ann"), bob(quota, "bob"), cy(quota, "cy");
  EXPECT_TRUE(ann.resize(40));
  EXPECT_TRUE(bob.resize(40));
  EXPECT_FALSE(cy.resize(21));
  EXPECT_TRUE(cy.resize(20));
}

TEST(Quotas, GetBackWhatEnds) {
  Quota quota(40, 40);
  std::optional<Quota::Share> ann(std::in_place, quota, "ann");
  Quota::Share bob(quota, "bob");
  EXPECT_TRUE(ann->resize(40));
  EXPECT_TRUE(ann->resize(10));
  EXPECT_TRUE(bob.resize(30));
  EXPECT_FALSE(bob.resize(40));
  ann.reset();
  EXPECT_TRUE(bob.resize(40));
}

}  // namespace
}  // namespace kvm
