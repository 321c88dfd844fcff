// The one error type, and the exit codes that every tool shares.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>

namespace kvm {

// Exit codes, the same in every tool and man page (numbers: sysexits.h).
enum class Exit : int {
  kDone = 0,
  kNo = 1,            // a condition that was asked for does not hold
  kUsage = 64,        // the command line is wrong
  kData = 65,         // the input is malformed
  kNoInput = 66,      // a file or device is missing
  kUnavailable = 69,  // a service cannot be had (address in use, no USB controller)
  kBug = 70,          // our mistake
  kOs = 71,           // the system refused (memory, descriptors, a kernel interface)
  kIo = 74,           // reading or writing failed
  kBusy = 75,         // in use, or not answering: trying again may help
  kPermission = 77,
  kConfig = 78,  // a configuration file is wrong
};

// The job cannot be done. what() is the whole line that the user sees, without the tool's name:
// what failed, on what, why, and in parentheses the hint: what to try.
class Error : public std::runtime_error {
 public:
  // `hint` may be empty. It never names an option: the library serves several tools, and a tool
  // that has an option for the cure says so with with_hint() or in the options it passes down.
  Error(Exit exit, const std::string& message, const std::string& hint = "")
      : std::runtime_error(hint.empty() ? message : message + " (" + hint + ")"),
        exit_(exit),
        message_bytes_(message.size()) {}

  Exit exit() const noexcept { return exit_; }
  // The errno behind it; 0 if none.
  int code() const noexcept { return code_; }
  // what() without the hint.
  std::string message() const { return std::string(what(), message_bytes_); }
  // The same error with another hint.
  Error with_hint(const std::string& hint) const;

  // "MESSAGE: strerror(err) (HINT)", with the exit code that fits err.
  static Error from_errno(const std::string& message, int err = errno,
                          const std::string& hint = "");

 private:
  Exit exit_;
  int code_ = 0;
  std::size_t message_bytes_;
};

// Thrown where a stop signal is noticed; the tool frame cleans up by unwinding, then dies of it.
struct Stopped {
  int signal;
};

// The exit code that fits an errno, as documented in kvm(7).
Exit exit_for_errno(int err) noexcept;

}  // namespace kvm
