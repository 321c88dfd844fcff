#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "gadget_model.h"
#include "usb/gadget_change.h"
#include "usb/gadget_script.h"
#include "usb/gadget_spec.h"

namespace kvm {
namespace {

using Random = std::mt19937;

int below(Random& random, int limit) {
  return std::uniform_int_distribution<int>(0, limit - 1)(random);
}

// Disk images of 1 MiB, removed at the end.
class Images {
 public:
  ~Images() { std::filesystem::remove_all(directory_); }
  std::string path(const std::string& name) {
    const std::filesystem::path file = directory_ / name;
    if (!std::filesystem::exists(file)) {
      std::ofstream(file).close();
      std::filesystem::resize_file(file, 1 << 20);
    }
    return file;
  }

 private:
  static std::filesystem::path make_directory() {
    const std::filesystem::path directory =
        std::filesystem::canonical(testing::TempDir()) / strf("kvm-images-%d", ::getpid());
    std::filesystem::create_directory(directory);
    return directory;
  }
  const std::filesystem::path directory_ = make_directory();
};

std::string image(const std::string& name) {
  static Images images;
  return images.path(name);
}

GadgetFunction disc_with(const std::string& name, const std::string& options = "") {
  return parse_function("disc:image=" + image(name) + options);
}

GadgetSpec random_spec(Random& random) {
  static const std::string kOptions[][4] = {
      {"keyboard", "keyboard:no-out-endpoint=0", "keyboard", "keyboard"},
      {"pointer", "pointer", "pointer", "pointer"},
      {"mouse", "mouse:wakeup-on-write=0", "mouse", "mouse"},
      {"disc", "disc:cdrom", "disc:image=" + image("a.iso") + ",ro",
       "disc:image=" + image("b.img") + ",ro=0,stall=1"},
      {"serial", "serial", "serial", "serial"},
      {"network", "network:type=ecm", "network:host-mac=02:00:00:00:00:01", "network"},
      {"audio", "audio:rate=44100", "audio", "audio"},
      {"controls", "controls:no-out-endpoint=0", "controls", "controls"}};
  GadgetSpec spec;
  spec.udc = below(random, 4) ? "played.0" : "other.1";
  spec.machine = "0123456789abcdef";
  spec.remote_wakeup = below(random, 2);
  spec.max_power_ma = 100 + below(random, 2);
  if (below(random, 2)) spec.power = GadgetSpec::Power::kBus;
  if (below(random, 2)) spec.max_speed = "full-speed";
  if (below(random, 3) == 0) spec.serial = "4711";
  for (const auto& options : kOptions)
    if (below(random, 2)) spec.functions.push_back(parse_function(options[below(random, 4)]));
  std::shuffle(spec.functions.begin(), spec.functions.end(), random);
  if (spec.functions.empty()) spec.functions.push_back(parse_function("keyboard"));
  return spec;
}

void bring(GadgetModel& model, const GadgetTree& to) {
  StopSignals stop;
  Change change(model, to);
  try {
    change.carry_out(stop);
  } catch (...) {
    for (const std::string& failure : change.not_undone()) ADD_FAILURE() << failure;
    throw;
  }
}

// A random state of a gadget: absent, complete, or in the middle of a change.
GadgetModel random_state(Random& random) {
  GadgetModel model(below(random, 2));
  for (int i = below(random, 3); i > 0; --i) bring(model, tree_of(random_spec(random)));
  const auto steps = plan(model.read(), tree_of(random_spec(random)));
  const std::size_t cut = below(random, 3) ? 0 : static_cast<std::size_t>(below(random, 1000));
  for (std::size_t i = 0; i < std::min(cut, steps.size()); ++i) model.apply(steps[i]);
  return model;
}

void expect_is(const GadgetModel& model, const GadgetTree& wanted) {
  const GadgetTree now = model.read();
  EXPECT_EQ(now.directories, wanted.directories);
  for (const auto& [path, attribute] : wanted.attributes) {
    if (attribute.optional && !now.attributes.contains(path)) continue;
    EXPECT_PRED3(same_value, path, now.value(path), attribute.value) << path;
  }
  const std::vector<std::pair<std::string, std::string>> links(wanted.links.begin(),
                                                               wanted.links.end());
  EXPECT_EQ(model.links(), links) << "in the order of the interfaces";
}

TEST(GadgetChange, UpConvergesFromAnyStateSecondUpWritesNothingDownLeavesNothing) {
  Random random(7);
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    GadgetModel model = random_state(random);
    const GadgetTree wanted = tree_of(random_spec(random));
    bring(model, wanted);
    expect_is(model, wanted);
    EXPECT_TRUE(plan(model.read(), wanted).empty());
    bring(model, {});
    EXPECT_EQ(model, GadgetModel(false)) << "something is left";
    EXPECT_TRUE(plan(model.read(), {}).empty());
  }
}

TEST(GadgetChange, AStepThatFailsLeavesTheStateAsItWas) {
  Random random(8);
  int failures = 0;
  for (int round = 0; round < 30 && !HasFailure(); ++round) {
    const GadgetModel before = random_state(random);
    const GadgetTree wanted = below(random, 5) ? tree_of(random_spec(random)) : GadgetTree();
    const int steps = static_cast<int>(plan(before.read(), wanted).size());
    for (int at = 0; at < steps && !HasFailure(); ++at) {
      GadgetModel model = before;
      model.fail_at({at + 1});
      EXPECT_THROW(bring(model, wanted), Error);
      EXPECT_EQ(model, before) << "step " << at << " of " << steps;
      ++failures;
    }
  }
  EXPECT_GT(failures, 400);
}

TEST(GadgetChange, WhatCannotBeUndoneIsToldAndTheRestIsUndone) {
  GadgetModel model(false);
  model.fail_at({5, 6});
  Random random(1);
  StopSignals stop;
  Change change(model, tree_of(random_spec(random)));
  EXPECT_THROW(change.carry_out(stop), Error);
  // Call 6 was the first step of the undo.
  ASSERT_GE(change.not_undone().size(), 1u);
  EXPECT_NE(change.not_undone()[0].find("rmdir "), std::string::npos) << change.not_undone()[0];
}

TEST(GadgetChange, AStopSignalBetweenStepsBringsBackTheStateOrLeavesTheRest) {
  GadgetModel before(false);
  GadgetSpec spec;
  spec.udc = "played.0";
  spec.functions = {parse_function("keyboard"), disc_with("a.iso")};
  bring(before, tree_of(spec));
  spec.functions = {parse_function("mouse"), disc_with("b.iso", ",cdrom"),
                    parse_function("serial")};
  const GadgetTree wanted = tree_of(spec);
  const int steps = static_cast<int>(plan(before.read(), wanted).size());
  ASSERT_GT(steps, 5);
  for (int at = 1; at <= steps; ++at) {
    GadgetModel model = before;
    model.signal_at(at);
    EXPECT_THROW(bring(model, wanted), Stopped);
    EXPECT_EQ(model, before) << "step " << at << " of " << steps;
  }
  GadgetModel model = before;
  model.signal_at(3);
  StopSignals stop;
  Change down(model, {});
  EXPECT_THROW(down.carry_out(stop, OnFailure::kLeave), Stopped);
  EXPECT_EQ(plan(model.read(), {}).size(), down.steps().size() - 3);
}

TEST(GadgetChange, AMediumThatTheKernelOpensReadOnlyIsRefusedAndTheOldOneComesBack) {
  GadgetModel model(false);
  GadgetSpec spec;
  spec.udc = "played.0";
  spec.functions = {disc_with("a.iso")};
  bring(model, tree_of(spec));
  const GadgetModel before = model;
  model.make_images_read_only();
  spec.functions = {disc_with("b.img", ",ro=0")};
  StopSignals stop;
  Change change(model, tree_of(spec), {.not_cdrom = "", .not_writable = "say ro"});
  try {
    change.carry_out(stop);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit(), Exit::kPermission);
    EXPECT_EQ(error.what(), image("b.img") + ": can only be read (say ro)");
  }
  EXPECT_EQ(model, before);
  EXPECT_TRUE(change.not_undone().empty());
}

TEST(GadgetChange, AnImageThatCannotGoInIsRefusedBeforeAnyStep) {
  GadgetModel model(false);
  GadgetSpec spec;
  const auto refused = [&](const std::string& options) {
    spec.functions = {parse_function("disc:image=" + options)};
    try {
      Change(model, tree_of(spec), {.not_cdrom = "no cdrom", .not_writable = "no ro=0"});
      return Exit::kDone;
    } catch (const Error& error) {
      return error.exit();
    }
  };
  EXPECT_EQ(refused(image("a.iso")), Exit::kDone);
  EXPECT_EQ(refused("/nowhere/a.iso"), Exit::kNoInput);
  EXPECT_EQ(refused("/"), Exit::kData);
  std::filesystem::resize_file(image("small.iso"), 614399);
  EXPECT_EQ(refused(image("small.iso")), Exit::kDone);
  EXPECT_EQ(refused(image("small.iso") + ",cdrom"), Exit::kData);
  std::filesystem::create_symlink("a.iso", image("a.iso") + ".link");
  spec.functions = {parse_function("disc:image=" + image("a.iso") + ".link")};
  bring(model, tree_of(spec));
  EXPECT_EQ(medium_in(model.read()), (Medium{image("a.iso"), DiscMode::kReadOnly}));
}

TEST(GadgetPlan, AMediumChangesWithoutUnplugging) {
  GadgetModel model(false);
  GadgetSpec spec;
  spec.udc = "played.0";
  spec.functions = {parse_function("keyboard"), disc_with("a.iso")};
  bring(model, tree_of(spec));
  spec.functions[1] = disc_with("b.iso");
  EXPECT_EQ(plan(model.read(), tree_of(spec)),
            (std::vector<GadgetStep>{{StepKind::kWrite, kMediumFile, image("b.iso")}}));
  // A medium is taken out before it becomes writable; the host stays connected.
  spec.functions[1] = disc_with("b.iso", ",ro=0");
  EXPECT_EQ(plan(model.read(), tree_of(spec)),
            (std::vector<GadgetStep>{{StepKind::kWrite, kMediumFile, ""},
                                     {StepKind::kWrite, kMediumReadOnly, "0"},
                                     {StepKind::kWrite, kMediumFile, image("b.iso")}}));
  // By default a medium is neither writable nor a CD-ROM, whatever was in the drive before.
  bring(model, tree_of(spec));
  spec.functions[1] = disc_with("b.iso");
  EXPECT_EQ(tree_of(spec).value(kMediumReadOnly), "1");
  EXPECT_EQ(tree_of(spec).value(kMediumCdrom), "0");
  // Hosts ask for the type of a drive only when it is plugged in.
  spec.functions[1] = parse_function("disc:cdrom");
  const auto steps = plan(model.read(), tree_of(spec));
  ASSERT_GE(steps.size(), 2u);
  EXPECT_TRUE(unplugs(steps));
  EXPECT_EQ(steps[0], (GadgetStep{StepKind::kWrite, kMediumFile, ""}));
  EXPECT_EQ(steps[1], (GadgetStep{StepKind::kWrite, "UDC", ""}));
  EXPECT_EQ(steps.back(), (GadgetStep{StepKind::kWrite, "UDC", "played.0"}));
  // `up` without an image leaves the medium that `disc insert` put in.
  bring(model, tree_of(spec));
  model.apply({StepKind::kWrite, kMediumFile, image("c.iso")});
  EXPECT_TRUE(plan(model.read(), tree_of(spec)).empty());
}

TEST(GadgetPlan, TheSameValueInAnotherSpelling) {
  EXPECT_TRUE(same_value("idVendor", "0x1d6b", "7531"));
  EXPECT_TRUE(same_value("configs/c.1/MaxPower", "250", "0xfa"));
  EXPECT_FALSE(same_value("strings/0x409/serialnumber", "0010", "10"));
  EXPECT_FALSE(same_value("functions/hid.x/report_desc", "5", "0x5"));
  EXPECT_FALSE(same_value("idVendor", "", "0"));
}

TEST(GadgetPlan, TheScriptMakesTheTree) {
  GadgetSpec spec;
  spec.machine = "m";
  spec.manufacturer = "it's";
  spec.product = "a\\b";
  spec.functions = profile("keyboard");
  const std::string script = shell_script(tree_of(spec), "kvm");
  EXPECT_NE(script.find("echo 'it'\\''s' > strings/0x409/manufacturer\n"), script.npos);
  EXPECT_NE(script.find("printf '%s\\n' 'a\\b' > strings/0x409/product\n"), script.npos);
  EXPECT_NE(script.find("printf '\\005\\001\\011\\006"), script.npos);
  EXPECT_NE(script.find("[ ! -e functions/hid.keyboard/no_out_endpoint ] ||"), script.npos);
  EXPECT_TRUE(script.ends_with("\necho \"$udc\" > UDC\ntrap - EXIT\n"));
}

}  // namespace
}  // namespace kvm
