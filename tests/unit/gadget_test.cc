#include <gtest/gtest.h>

#include <random>

#include "gadget_model.h"
#include "usb/gadget_plan.h"
#include "usb/gadget_spec.h"
#include "usb/hid_descriptors.h"

namespace kvm {
namespace {

using Random = std::mt19937;

int below(Random& random, int limit) {
  return std::uniform_int_distribution<int>(0, limit - 1)(random);
}

GadgetSpec random_spec(Random& random) {
  static const char* const kOptions[][4] = {
      {"keyboard", "keyboard:no-out-endpoint=0", "keyboard", "keyboard"},
      {"pointer", "pointer", "pointer", "pointer"},
      {"mouse", "mouse:wakeup-on-write=0", "mouse", "mouse"},
      {"disc", "disc:cdrom", "disc:image=/a.iso,ro", "disc:image=/b.img,ro=0,stall=1"},
      {"serial", "serial", "serial", "serial"},
      {"network", "network:type=ecm", "network:host-mac=02:00:00:00:00:01", "network"},
      {"audio", "audio:rate=44100", "audio", "audio"}};
  GadgetSpec spec;
  spec.udc = below(random, 4) ? "dummy_udc.0" : "other.1";
  spec.machine = "0123456789abcdef";
  spec.remote_wakeup = below(random, 2);
  spec.max_power_ma = 100 + below(random, 2);
  if (below(random, 3) == 0) spec.serial = "4711";
  for (const auto& options : kOptions)
    if (below(random, 2)) spec.functions.push_back(parse_function(options[below(random, 4)]));
  std::shuffle(spec.functions.begin(), spec.functions.end(), random);
  if (spec.functions.empty()) spec.functions.push_back(parse_function("keyboard"));
  return spec;
}

void bring(GadgetModel& model, const GadgetTree& to) {
  converge(
      to, [&] { return model.read(); }, [&](const GadgetStep& step) { model.apply(step); },
      [](const GadgetStep&) {}, [](const std::string& line) { ADD_FAILURE() << line; });
}

// Any state that a kernel can be in: what we or others made, whole or cut short.
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

TEST(GadgetPlan, UpConvergesFromAnyStateSecondUpWritesNothingDownLeavesNothing) {
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

TEST(GadgetPlan, AStepThatFailsLeavesTheStateAsItWas) {
  Random random(8);
  int failures = 0;
  for (int round = 0; round < 30 && !HasFailure(); ++round) {
    const GadgetModel before = random_state(random);
    const GadgetTree wanted = below(random, 5) ? tree_of(random_spec(random)) : GadgetTree();
    const int steps = static_cast<int>(plan(before.read(), wanted).size());
    for (int at = 0; at < steps && !HasFailure(); ++at) {
      GadgetModel model = before;
      model.fail_after(at);
      EXPECT_THROW(bring(model, wanted), Error);
      EXPECT_EQ(model, before) << "step " << at << " of " << steps;
      ++failures;
    }
  }
  EXPECT_GT(failures, 400);
}

TEST(GadgetPlan, WhatCannotBeUndoneIsToldAndTheRestIsUndone) {
  GadgetModel model(false);
  Random random(1);
  std::vector<std::string> told;
  int calls = 0;
  const auto apply = [&](const GadgetStep& step) {
    if (++calls == 5 || calls == 6) throw Error::from_errno(describe(step), EIO);
    model.apply(step);
  };
  EXPECT_THROW(
      converge(
          tree_of(random_spec(random)), [&] { return model.read(); }, apply,
          [](const GadgetStep&) {}, [&](const std::string& line) { told.push_back(line); }),
      Error);
  ASSERT_GE(told.size(), 1u);
  EXPECT_NE(told[0].find("while undoing"), std::string::npos) << told[0];
}

TEST(GadgetPlan, AMediumChangesWithoutUnplugging) {
  GadgetModel model(false);
  GadgetSpec spec;
  spec.udc = "dummy_udc.0";
  spec.functions = {parse_function("keyboard"), parse_function("disc:image=/a.iso")};
  bring(model, tree_of(spec));
  spec.functions[1] = parse_function("disc:image=/b.iso");
  const std::string drive = "functions/mass_storage.disc/lun.0/";
  EXPECT_EQ(plan(model.read(), tree_of(spec)),
            (std::vector<GadgetStep>{{StepKind::kWrite, drive + "file", "/b.iso"}}));
  // From read-only to writable it comes out first, and the host stays connected.
  spec.functions[1] = parse_function("disc:image=/b.iso,ro=0");
  EXPECT_EQ(plan(model.read(), tree_of(spec)),
            (std::vector<GadgetStep>{{StepKind::kWrite, drive + "file", ""},
                                     {StepKind::kWrite, drive + "ro", "0"},
                                     {StepKind::kWrite, drive + "file", "/b.iso"}}));
  // Unless it is said, a medium is neither writable nor a CD-ROM, whatever was in before.
  bring(model, tree_of(spec));
  spec.functions[1] = parse_function("disc:image=/b.iso");
  EXPECT_EQ(tree_of(spec).value(drive + "ro"), "1");
  EXPECT_EQ(tree_of(spec).value(drive + "cdrom"), "0");
  // What a drive is, hosts ask only once.
  spec.functions[1] = parse_function("disc:cdrom");
  const auto steps = plan(model.read(), tree_of(spec));
  ASSERT_GE(steps.size(), 2u);
  EXPECT_EQ(steps[0], (GadgetStep{StepKind::kWrite, drive + "file", ""}));
  EXPECT_EQ(steps[1], (GadgetStep{StepKind::kWrite, "UDC", ""}));
  EXPECT_EQ(steps.back(), (GadgetStep{StepKind::kWrite, "UDC", "dummy_udc.0"}));
  // An up that says nothing of the medium leaves what `disc insert` put in.
  bring(model, tree_of(spec));
  model.apply({StepKind::kWrite, drive + "file", "/c.iso"});
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

TEST(GadgetSpec, FunctionsAndTheirOptions) {
  EXPECT_EQ(parse_function("disc").options.size(), 0u);
  const auto disc = parse_function("disc:image=/a b.iso,cdrom,stall=1");
  EXPECT_EQ(disc.kind, FunctionKind::kDisc);
  EXPECT_EQ(disc.options.at("image"), "/a b.iso");
  EXPECT_EQ(disc.options.at("cdrom"), "1");
  EXPECT_EQ(parse_function("network:host-mac=02:00:00:00:00:01").options.at("host-mac"),
            "02:00:00:00:00:01");
  for (const char* wrong :
       {"", "floppy", "disc:", "disc:speed=1", "disc:ro=2", "disc:image=a.iso", "disc:cdrom,ro=0",
        "network:type=rndis", "network:host-mac=2", "network:host-mac=0g:00:00:00:00:01",
        "serial:x", "audio:rate=1", "audio:=3", "keyboard:no-out-endpoint=yes", ":", "disc,cdrom",
        "disc:\xff"})
    EXPECT_THROW(parse_function(wrong), Error) << wrong;
}

TEST(GadgetSpec, OptionsGivenOneByOneGoTogetherToo) {
  std::vector<GadgetFunction> functions;
  add_function(functions, parse_function("disc:cdrom"));
  EXPECT_THROW(add_function(functions, parse_function("disc:ro=0")), Error);
}

TEST(GadgetSpec, ADeviceOfSeveralInterfacesSaysSo) {
  GadgetSpec spec;
  spec.machine = "m";
  spec.functions = profile("kvm");
  EXPECT_EQ(tree_of(spec).value("bDeviceClass"), "0x00");
  EXPECT_EQ(tree_of(spec).value("bcdDevice"), "0x1007");
  add_function(spec.functions, parse_function("network"));
  const GadgetTree network = tree_of(spec);
  EXPECT_EQ(network.value("bDeviceClass"), "0xef");
  EXPECT_EQ(network.value("bcdDevice"), "0x1039");
  EXPECT_EQ(network.value("functions/ncm.network/os_desc/interface.ncm/compatible_id"), "WINNCM");
  EXPECT_EQ(network.links.at("os_desc/c.1"), "configs/c.1");
  add_function(spec.functions, parse_function("network:type=ecm"));
  EXPECT_EQ(tree_of(spec).value("os_desc/use"), "0");
  EXPECT_EQ(tree_of(spec).directories.count("functions/ncm.network"), 0u);
  spec.functions = {parse_function("audio")};
  EXPECT_EQ(tree_of(spec).value("bDeviceClass"), "0xef");
}

TEST(GadgetSpec, IdentitiesAreTheMachinesOwnAndTellNothingOfIt) {
  const std::string machine = "4f3ac1d2e5b6978812345678deadbeef";
  const std::string id = derive_id(machine, "serial number");
  EXPECT_EQ(id.size(), 24u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(id, derive_id(machine, "serial number"));
  EXPECT_NE(id, derive_id(machine, "host mac"));
  EXPECT_NE(id, derive_id("4f3ac1d2e5b6978812345678deadbeee", "serial number"));
  GadgetSpec spec;
  spec.machine = machine;
  spec.functions = {parse_function("network")};
  const GadgetTree tree = tree_of(spec);
  const std::string host = tree.value("functions/ncm.network/host_addr");
  EXPECT_EQ(host.size(), 17u);
  EXPECT_TRUE(host.starts_with("02:"));  // locally administered, unicast
  EXPECT_NE(host, tree.value("functions/ncm.network/dev_addr"));
}

TEST(GadgetSpec, TheSumOfEndpointsIsShown) {
  const Endpoints pi = *endpoints_of_driver("dwc2");
  EXPECT_NO_THROW(check_endpoints(profile("kvm"), pi, "usb"));
  try {
    check_endpoints(profile("full"), pi, "fe980000.usb (dwc2)");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit(), Exit::kUnavailable);
    EXPECT_STREQ(
        error.what(),
        "fe980000.usb (dwc2) has 7 IN endpoints: keyboard 1 + pointer 1 + mouse 1 + disc 1 "
        "+ serial 2 + network 2 = 8 (leave a function out)");
  }
  EXPECT_FALSE(endpoints_of_driver("unknown"));
}

TEST(GadgetSpec, WhatAStringDescriptorCannotHoldIsRefused) {
  for (const std::string& text :
       {std::string(126, 'x'), std::string("a\nb"), std::string("\xff")}) {
    GadgetSpec spec;
    spec.functions = profile("kvm");
    spec.machine = "m";
    spec.product = text;
    EXPECT_THROW(tree_of(spec), Error);
  }
}

// The bits of reports by kind, walked as HID 1.11, 6.2.2 lays them out.
struct ReportBits {
  int input = 0, output = 0, depth = 0;
};
ReportBits measure(std::span<const std::uint8_t> descriptor) {
  ReportBits bits;
  unsigned size = 0, count = 0;
  for (std::size_t i = 0; i < descriptor.size();) {
    const std::uint8_t prefix = descriptor[i++];
    const int length = (prefix & 3) == 3 ? 4 : prefix & 3;
    unsigned value = 0;
    for (int k = 0; k < length; ++k) value |= unsigned{descriptor[i++]} << (8 * k);
    switch (prefix & 0xfc) {
      case 0x74:
        size = value;
        break;
      case 0x94:
        count = value;
        break;
      case 0x80:
        bits.input += static_cast<int>(size * count);
        break;
      case 0x90:
        bits.output += static_cast<int>(size * count);
        break;
      case 0xa0:
        ++bits.depth;
        break;
      case 0xc0:
        --bits.depth;
        break;
      default:
        break;
    }
  }
  return bits;
}

TEST(Hid, DescriptorsAddUpToTheirReports) {
  for (const HidFunction* function : {&kHidKeyboard, &kHidPointer, &kHidMouse}) {
    const ReportBits bits = measure(function->descriptor);
    EXPECT_EQ(bits.input, 8 * function->report_bytes);
    EXPECT_EQ(bits.depth, 0);
  }
  EXPECT_EQ(measure(kHidKeyboard.descriptor).output, 8);
  EXPECT_EQ(kHidKeyboard.descriptor.size(), 64u);
}

}  // namespace
}  // namespace kvm
