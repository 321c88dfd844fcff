#include "usb/gadget_spec.h"

#include <gtest/gtest.h>

#include <span>

#include "base/error.h"
#include "usb/endpoints.h"
#include "usb/hid_descriptors.h"
#include "usb/machine_id.h"

namespace kvm {
namespace {

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
  EXPECT_EQ(tree_of(spec).value("bcdDevice"), "0x1135");
  add_function(spec.functions, parse_function("network"));
  const GadgetTree network = tree_of(spec);
  EXPECT_EQ(network.value("bDeviceClass"), "0xef");
  EXPECT_EQ(network.value("bcdDevice"), "0x1167");
  EXPECT_EQ(network.value("functions/ncm.network/os_desc/interface.ncm/compatible_id"), "WINNCM");
  EXPECT_EQ(network.links.at("os_desc/c.1"), "configs/c.1");
  add_function(spec.functions, parse_function("network:type=ecm"));
  EXPECT_EQ(tree_of(spec).value("os_desc/use"), "0");
  EXPECT_EQ(tree_of(spec).directories.count("functions/ncm.network"), 0u);
  spec.functions = {parse_function("audio")};
  EXPECT_EQ(tree_of(spec).value("bDeviceClass"), "0xef");
}

// bmAttributes: USB 2.0, table 9-10.
TEST(GadgetSpec, PowerIsTakenFromTheHostOnlyIfTheUserSaysSo) {
  GadgetSpec spec;
  spec.machine = "m";
  spec.functions = profile("keyboard");
  EXPECT_EQ(tree_of(spec).value("configs/c.1/bmAttributes"), "0xc0");
  EXPECT_EQ(tree_of(spec).value("configs/c.1/MaxPower"), "100");
  spec.remote_wakeup = true;
  EXPECT_EQ(tree_of(spec).value("configs/c.1/bmAttributes"), "0xe0");
  spec.power = GadgetSpec::Power::kBus;
  EXPECT_EQ(tree_of(spec).value("configs/c.1/bmAttributes"), "0xa0");
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
    EXPECT_STREQ(error.what(),
                 "fe980000.usb (dwc2) has 7 IN endpoints: keyboard 1 + pointer 1 + mouse 1 + "
                 "controls 1 + disc 1 + serial 2 + network 2 = 9 (leave a function out)");
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

// The bits of each kind of report: the sums over a descriptor's items (HID 1.11, 6.2.2).
struct ReportBits {
  int input = 0, output = 0;
  int depth = 0;  // open collections at the end of the descriptor
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
