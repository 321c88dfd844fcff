#include "hub/receipts.h"

#include <gtest/gtest.h>

#include "keys/keyboard_status.h"
#include "same_json.h"

namespace kvm {
namespace {

constexpr ViewerId kAnn = 1, kBob = 2;

struct ReceiptsTest : testing::Test {
  Receipts receipts;
  void SetUp() override {
    receipts.expect(kAnn);
    receipts.expect(kBob);
  }
  std::string members(ViewerId viewer) const {
    return Json::object(receipts.members(viewer)).text();
  }
  void pass(ViewerId viewer, int lines) {
    while (lines-- > 0) receipts.passed(viewer);
  }
};

TEST_F(ReceiptsTest, OthersLinesAreNotOnesOwn) {
  pass(kAnn, 1);
  pass(kBob, 2);
  receipts.passed(std::nullopt);
  pass(kAnn, 1);
  receipts.counted(3, 0);
  EXPECT_TRUE(same_json(members(kAnn), R"({"taken":1,"failed":[]})"));
  EXPECT_TRUE(same_json(members(kBob), R"({"taken":2,"failed":[]})"));
  receipts.counted(4, 0);
  EXPECT_TRUE(same_json(members(kAnn), R"({"taken":1,"failed":[]})"));
  receipts.counted(5, 0);
  EXPECT_TRUE(same_json(members(kAnn), R"({"taken":2,"failed":[]})"));
}

TEST_F(ReceiptsTest, AFailureIsTheLastOfWhatIsCounted) {
  pass(kAnn, 4);
  receipts.counted(1, 1);
  receipts.counted(3, 1);
  EXPECT_TRUE(same_json(members(kAnn), R"({"taken":4,"failed":[2]})"));
}

TEST_F(ReceiptsTest, ARefusedLineWaitsForThoseBeforeItOnly) {
  receipts.refused(kAnn);
  EXPECT_TRUE(same_json(members(kAnn), R"({"taken":1,"failed":[1]})"));
  pass(kAnn, 1);
  receipts.refused(kAnn);
  pass(kBob, 1);
  EXPECT_TRUE(same_json(members(kAnn), R"({"taken":1,"failed":[1]})"));
  receipts.counted(1, 0);
  EXPECT_TRUE(same_json(members(kAnn), R"({"taken":3,"failed":[1,3]})"));
}

TEST_F(ReceiptsTest, KvmTypeStartedAnewTookNothingThatItsForerunnerDidNotTell) {
  pass(kAnn, 3);
  receipts.counted(2, 0);
  receipts.counted(0, 0);
  EXPECT_TRUE(same_json(members(kAnn), R"({"taken":3,"failed":[3]})"));
  pass(kAnn, 1);
  receipts.counted(1, 0);
  EXPECT_TRUE(same_json(members(kAnn), R"({"taken":4,"failed":[3]})"));
}

TEST_F(ReceiptsTest, KvmTypeThatRanBeforeTheServer) {
  pass(kAnn, 1);
  receipts.counted(501, 0);
  EXPECT_TRUE(same_json(members(kAnn), R"({"taken":1,"failed":[]})"));
  pass(kAnn, 2);
  receipts.counted(502, 0);
  EXPECT_TRUE(same_json(members(kAnn), R"({"taken":2,"failed":[]})"));
}

TEST_F(ReceiptsTest, WhoHasGoneOrNeverCameIsNoBurden) {
  receipts.passed(ViewerId{7});
  receipts.forget(kBob);
  receipts.refused(kBob);
  receipts.counted(1, 0);
  EXPECT_TRUE(same_json(members(kBob), R"({"taken":0,"failed":[]})"));
}

TEST_F(ReceiptsTest, WhereNobodyTellsWaitingHasAnEnd) {
  pass(kAnn, 40'000);
  EXPECT_TRUE(same_json(members(kAnn), R"({"taken":7232,"failed":[]})"));
  receipts.counted(39'000, 0);
  EXPECT_TRUE(same_json(members(kAnn), R"({"taken":39000,"failed":[]})"))
      << "the lines that still wait are counted right";
  pass(kBob, 1);
  for (int i = 0; i < 40'000; ++i) receipts.refused(kBob);
  EXPECT_TRUE(members(kBob).starts_with(R"({"taken":7233,"failed":[7218,7219,)"));
}

TEST_F(ReceiptsTest, CountsBeyondReasonAreBounded) {
  const auto line = read_keyboard_status(
      R"({"keyboard":"ready","done":9223372036854775807,"failed":18446744073709551615})");
  ASSERT_TRUE(line);
  EXPECT_LE(line->done, 1'000'000'000'000'000u);
  EXPECT_LE(line->failed, 1'000'000'000'000'000u);
}

TEST_F(ReceiptsTest, SixteenFailuresAreRemembered) {
  for (int i = 0; i < 20; ++i) receipts.refused(kAnn);
  EXPECT_TRUE(same_json(members(kAnn),
                        R"({"taken":20,"failed":[5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]})"));
}

}  // namespace
}  // namespace kvm
