#include "usb/gadget_setup.h"

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "base/message.h"
#include "usb/endpoints.h"
#include "usb/gadget.h"
#include "usb/gadget_change.h"
#include "usb/gadget_script.h"
#include "usb/machine_id.h"
#include "usb/udc.h"

namespace kvm {
namespace {

// The specification, except for the controller.
GadgetSpec spec_of(const SetupOptions& options) {
  GadgetSpec spec = options.spec;
  spec.functions = profile(options.profile);
  for (const std::string& text : options.with) add_function(spec.functions, parse_function(text));
  for (const std::string& name : options.without) {
    const FunctionKind kind = parse_function(name).kind;
    if (!has_function(spec.functions, kind))
      throw Error(Exit::kUsage, name + " cannot be left out: the gadget does not have it anyway");
    remove_function(spec.functions, kind);
  }
  spec.machine = machine_identity();
  return spec;
}

// The functions of a profile that are missed least, and what their absence is called.
constexpr struct {
  FunctionKind kind;
  const char* name;
} kLeastMissed[] = {{FunctionKind::kControls, "the controls"},
                    {FunctionKind::kMouse, "the relative mouse"}};

// Whether the user, and not the profile, chose the function.
bool asked_for(const SetupOptions& options, FunctionKind kind) {
  return std::ranges::any_of(
      options.with, [&](const std::string& text) { return parse_function(text).kind == kind; });
}

// Makes the functions fit on the controller. Throws Error if they do not.
void fit(GadgetSpec& spec, const SetupOptions& options, const Udc& udc) {
  const auto available = endpoints_of_driver(udc.driver);
  if (!available) return;
  const std::string controller = udc.name + " (" + udc.driver + ")";
  std::vector<std::string> left_out;
  for (const auto& [kind, name] : kLeastMissed) {
    if (endpoints_of(spec.functions).in <= available->in) break;
    const bool mouse = kind == FunctionKind::kMouse;
    if (mouse && (options.profile != "full" || !options.with.empty())) continue;
    if (!has_function(spec.functions, kind) || asked_for(options, kind)) continue;
    remove_function(spec.functions, kind);
    left_out.emplace_back(name);
  }
  check_endpoints(spec.functions, *available, controller);
  for (const std::string& name : left_out)
    say(controller + " has " + std::to_string(available->in) +
        " IN endpoints: the gadget is made without " + name);
}

// The change that makes the gadget what the options say, on the controller chosen for it.
Change change_to(const SetupOptions& options, GadgetSpec spec, Gadget& gadget) {
  const Udc udc = choose_udc(gadget, spec.udc);
  spec.udc = udc.name;
  fit(spec, options, udc);
  return Change(gadget, tree_of(spec), options.hints);
}

void print(const std::vector<GadgetStep>& steps) {
  for (const GadgetStep& step : steps) std::puts(describe(step).c_str());
}

}  // namespace

void bring_up(const SetupOptions& options, StopSignals& stop) {
  const GadgetSpec spec = spec_of(options);
  Gadget::prepare();
  const Fd lock = Gadget::lock(stop);
  Gadget gadget;
  Change change = change_to(options, spec, gadget);
  carry_out(change, stop);
}

void print_plan(const SetupOptions& options) {
  Gadget gadget;
  print(change_to(options, spec_of(options), gadget).steps());
}

void print_script(const SetupOptions& options) {
  GadgetSpec spec = spec_of(options);
  for (const Udc& udc : list_udcs()) {
    if (!spec.udc.empty() && udc.name != spec.udc) continue;
    fit(spec, options, udc);
    break;
  }
  std::fputs(shell_script(tree_of(spec), kGadgetName).c_str(), stdout);
}

void take_down(StopSignals& stop) {
  if (!Gadget::available()) return;
  const Fd lock = Gadget::lock(stop);
  Gadget gadget;
  Change(gadget, {}).carry_out(stop, OnFailure::kLeave);
}

void print_removal() {
  Gadget gadget;
  print(Change(gadget, {}).steps());
}

}  // namespace kvm
