// The medium in the gadget's drive: where a gadget tree holds it, and which images can go in.
#pragma once

#include <string>

#include "usb/gadget_tree.h"

namespace kvm {

enum class DiscMode { kReadOnly, kCdrom, kWritable };

// An image as the target sees it.
struct Medium {
  std::string image;  // path of a file or block device; "": the drive is empty
  DiscMode mode = DiscMode::kReadOnly;
  bool operator==(const Medium&) const = default;
};

// Paths in a GadgetTree.
inline constexpr const char* kDrive = "functions/mass_storage.disc";
inline constexpr const char* kMediumFile = "functions/mass_storage.disc/lun.0/file";
inline constexpr const char* kMediumCdrom = "functions/mass_storage.disc/lun.0/cdrom";
inline constexpr const char* kMediumReadOnly = "functions/mass_storage.disc/lun.0/ro";
inline constexpr const char* kMediumForceEject = "functions/mass_storage.disc/lun.0/forced_eject";

// The medium of the tree; empty if the tree has no drive or names no image.
Medium medium_in(const GadgetTree& tree);
void put_medium(GadgetTree& tree, const Medium& medium);
// "empty", "/srv/rescue.iso (CD-ROM)"
std::string describe(const Medium& medium);

// What the user can do if an image does not fit its mode, in the words of the tool.
struct MediumHints {
  std::string not_cdrom;
  std::string not_writable;
};

// The absolute path, without links, of an image that can go into the drive. The kernel opens the
// image by this path and shows the path to everyone. `loaded` is the image that is in the drive
// now. Throws Error: the image is missing, is neither a file nor a block device, has the wrong
// size, is mounted, or is in use by another program.
std::string checked_path(const Medium& medium, const std::string& loaded, const MediumHints& hints);

}  // namespace kvm
