// A model in memory of one gadget's configfs directory: it creates, refuses and removes the same
// things as the kernel. Source: drivers/usb/gadget/configfs.c and
// function/{f_hid,f_mass_storage,storage_common,u_ether}.c.
#pragma once

#include <signal.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "usb/gadget_directory.h"

namespace kvm {

class GadgetModel final : public GadgetDirectory {
 public:
  explicit GadgetModel(bool has_wakeup_on_write) : has_wakeup_on_write_(has_wakeup_on_write) {}

  GadgetTree read() const override {
    GadgetTree tree;
    tree.directories.insert(directories_.begin(), directories_.end());
    for (const auto& [path, value] : attributes_) tree.attributes[path] = {value};
    for (const auto& [path, target] : links_) tree.links[path] = target;
    return tree;
  }
  // The links in the order in which the kernel numbers the interfaces.
  const std::vector<std::pair<std::string, std::string>>& links() const { return links_; }

  void apply(const GadgetStep& step) override {
    ++calls_;
    if (failing_calls_.contains(calls_)) refuse(step, EIO);
    if (calls_ == signal_call_) ::raise(SIGTERM);
    switch (step.kind) {
      case StepKind::kMakeDirectory:
        return make(step);
      case StepKind::kRemoveDirectory:
        return remove(step);
      case StepKind::kLink:
        return link(step);
      case StepKind::kUnlink:
        return unlink(step);
      case StepKind::kWrite:
        return write(step);
    }
  }
  // Chooses the calls of apply() that fail, or the call during which SIGTERM arrives. The next call
  // is number 1.
  void fail_at(std::set<int> calls) {
    calls_ = 0;
    failing_calls_ = std::move(calls);
  }
  void signal_at(int call) {
    calls_ = 0;
    signal_call_ = call;
  }
  // From now on image files can only be read. The kernel then opens even a writable medium
  // read-only and reports no error.
  void make_images_read_only() { images_read_only_ = true; }
  bool bound() const { return read().value("UDC") != ""; }

  bool operator==(const GadgetModel& other) const {
    return directories_ == other.directories_ && attributes_ == other.attributes_ &&
           links_ == other.links_;
  }

 private:
  [[noreturn]] static void refuse(const GadgetStep& step, int err) {
    throw Error::from_errno(describe(step), err);
  }
  static std::string parent(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == path.npos ? "" : path.substr(0, slash);
  }
  bool linked(const std::string& directory) const {
    return std::any_of(links_.begin(), links_.end(),
                       [&](const auto& link) { return link.second == directory; });
  }

  void make(const GadgetStep& step) {
    const std::string& path = step.path;
    const auto parts = split(path, '/');
    // The kernel creates strings/, configs/ and functions/ with the gadget, and strings/ with each
    // configuration.
    const std::string owner = parts.size() % 2 == 0 && !path.empty() ? parent(parent(path)) : "";
    if (!path.empty() && !directories_.contains(owner)) refuse(step, ENOENT);
    if (!directories_.insert(path).second) refuse(step, EEXIST);
    const auto with = [&](std::initializer_list<std::pair<const char*, const char*>> attributes) {
      for (const auto& [name, value] : attributes)
        attributes_[path.empty() ? name : path + "/" + name] = value;
    };
    if (path.empty()) {
      with({{"UDC", ""},
            {"idVendor", "0x0000"},
            {"idProduct", "0x0000"},
            {"bcdUSB", "0x0000"},
            {"bcdDevice", "0x0601"},
            {"bDeviceClass", "0x00"},
            {"bDeviceSubClass", "0x00"},
            {"bDeviceProtocol", "0x00"},
            {"bMaxPacketSize0", "0x40"},
            {"max_speed", "super-speed-plus"},
            {"os_desc/use", "0"},
            {"os_desc/b_vendor_code", "0x00"},
            {"os_desc/qw_sign", ""}});
    } else if (path.starts_with("strings/")) {
      with({{"manufacturer", ""}, {"product", ""}, {"serialnumber", ""}});
    } else if (parts.size() == 4) {
      with({{"configuration", ""}});
    } else if (path.starts_with("configs/")) {
      with({{"MaxPower", "2"}, {"bmAttributes", "0x80"}});
    } else if (path.starts_with("functions/hid.")) {
      with({{"protocol", "0"},
            {"subclass", "0"},
            {"report_length", "0"},
            {"report_desc", ""},
            {"no_out_endpoint", "0"}});
      if (has_wakeup_on_write_) with({{"wakeup_on_write", "0"}});
    } else if (path.starts_with("functions/mass_storage.")) {
      with({{"stall", "1"},
            {"lun.0/file", ""},
            {"lun.0/cdrom", "0"},
            {"lun.0/ro", "0"},
            {"lun.0/removable", "1"},
            {"lun.0/nofua", "0"}});
    } else if (path.starts_with("functions/ncm.") || path.starts_with("functions/ecm.")) {
      with({{"dev_addr", "00:00:00:00:00:00"}, {"host_addr", "00:00:00:00:00:00"}, {"qmult", "5"}});
      if (path.starts_with("functions/ncm.")) with({{"os_desc/interface.ncm/compatible_id", ""}});
    } else if (path.starts_with("functions/uac2.")) {
      with({{"c_chmask", "3"},
            {"p_chmask", "3"},
            {"c_srate", "64000"},
            {"c_sync", "async"},
            {"c_mute_present", "1"},
            {"c_volume_present", "1"}});
    }
  }

  void remove(const GadgetStep& step) {
    if (!directories_.contains(step.path)) refuse(step, ENOENT);
    if (linked(step.path)) refuse(step, EBUSY);
    const std::string inside = step.path.empty() ? "" : step.path + "/";
    const auto is_inside = [&](const std::string& path) {
      return path != step.path && path.starts_with(inside);
    };
    for (const std::string& directory : directories_)
      if (is_inside(directory)) refuse(step, ENOTEMPTY);
    for (const auto& [path, target] : links_)
      if (is_inside(path)) refuse(step, ENOTEMPTY);
    directories_.erase(step.path);
    const auto goes = [&](const auto& entry) { return is_inside(entry.first); };
    std::erase_if(attributes_, goes);
    std::erase_if(initially_read_only_, goes);
  }

  void link(const GadgetStep& step) {
    if (!directories_.contains(step.value)) refuse(step, ENOENT);
    if (!step.path.starts_with("os_desc/") && !directories_.contains(parent(step.path)))
      refuse(step, ENOENT);
    for (const auto& [path, target] : links_)
      if (path == step.path || target == step.value) refuse(step, EEXIST);
    links_.emplace_back(step.path, step.value);
  }

  void unlink(const GadgetStep& step) {
    // The kernel would disconnect the gadget itself. A plan must not rely on that.
    if (bound()) refuse(step, EBUSY);
    if (!std::erase_if(links_, [&](const auto& link) { return link.first == step.path; }))
      refuse(step, ENOENT);
  }

  void write(const GadgetStep& step) {
    const auto found = attributes_.find(step.path);
    if (found == attributes_.end()) {
      if (step.optional && directories_.contains(parent(step.path))) return;
      refuse(step, ENOENT);
    }
    if (same_value(step.path, found->second, step.value)) return;  // as Gadget::apply does
    const std::string directory = parent(step.path);
    if (step.path == "UDC") {
      if (!step.value.empty() && (bound() || links_.empty())) refuse(step, EBUSY);
    } else if (directory.find("/lun.") != std::string::npos) {
      const bool loaded = attributes_[directory + "/file"] != "";
      const bool mode = step.path.ends_with("/ro") || step.path.ends_with("/cdrom");
      if (loaded && mode) refuse(step, EBUSY);
      if (step.path.ends_with("/cdrom") && step.value == "1") write_read_only(directory, "1");
      if (step.path.ends_with("/ro")) write_read_only(directory, step.value);
      if (step.path.ends_with("/file")) open_image(directory, step.value);
    } else if (directory.starts_with("functions/") && linked(directory)) {
      refuse(step, EBUSY);
    }
    found->second = step.value;
  }

  void write_read_only(const std::string& lun, const std::string& value) {
    attributes_[lun + "/ro"] = initially_read_only_[lun] = value;
  }
  // While an image is loaded, `ro` shows how the image was opened; else it shows the last write.
  void open_image(const std::string& lun, const std::string& image) {
    const auto written = initially_read_only_.find(lun);
    const std::string initially = written == initially_read_only_.end() ? "0" : written->second;
    attributes_[lun + "/ro"] = images_read_only_ && !image.empty() ? "1" : initially;
  }

  bool has_wakeup_on_write_;
  std::set<std::string> directories_;
  std::map<std::string, std::string> attributes_;
  std::vector<std::pair<std::string, std::string>> links_;
  std::map<std::string, std::string> initially_read_only_;  // key: the drive's directory
  std::set<int> failing_calls_;
  int calls_ = 0, signal_call_ = 0;
  bool images_read_only_ = false;
};

}  // namespace kvm
