// The hash of a password, for tests.
#pragma once

#include <string>

namespace kvm {

// The hash of "password" by SHA-512, with its default cost.
inline const std::string kHash =
    "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/"
    "jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/";

}  // namespace kvm
