// The error type and the exit codes that all tools share.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>

namespace kvm {

// Exit codes, the same in every tool and man page (numbers: sysexits.h).
enum class Exit : int {
  kDone = 0,
  kNo = 1,            // a condition that the user asked for does not hold
  kUsage = 64,        // the command line is wrong
  kData = 65,         // the input is malformed
  kNoInput = 66,      // a file or device is missing
  kUnavailable = 69,  // a service is unavailable (address in use, no USB controller)
  kBug = 70,          // a bug in the tool
  kOs = 71,           // the system refused (memory, descriptors, a kernel interface)
  kIo = 74,           // reading or writing failed
  kBusy = 75,         // in use, or not answering: a retry may help
  kPermission = 77,
  kConfig = 78,  // a configuration file is wrong
};

// Thrown when the job cannot be done. what() is the line that the user sees, without the tool's
// name: the operation that failed, its object, the reason, and in parentheses a hint at a remedy.
class Error : public std::runtime_error {
 public:
  // `hint` may be empty. The library never names a command-line option in a hint, because it serves
  // several tools. A tool that has a suitable option calls with_hint(), or passes the hint to the
  // library as text.
  Error(Exit exit, const std::string& message, const std::string& hint = "")
      : std::runtime_error(hint.empty() ? message : message + " (" + hint + ")"),
        exit_(exit),
        message_bytes_(message.size()) {}

  Exit exit() const noexcept { return exit_; }
  // The errno that caused the error; 0 if there was no errno.
  int code() const noexcept { return code_; }
  // what() without the hint.
  std::string message() const { return std::string(what(), message_bytes_); }
  // Returns a copy of this error with another hint.
  Error with_hint(const std::string& hint) const;

  // "MESSAGE: strerror(err) (HINT)", with the exit code of exit_for_errno(err).
  static Error from_errno(const std::string& message, int err = errno,
                          const std::string& hint = "");

 private:
  Exit exit_;
  int code_ = 0;
  std::size_t message_bytes_;
};

// Thrown when a stop signal has arrived. Unwinding cleans up; then run_tool() kills the process
// with the same signal.
struct Stopped {
  int signal;
};

// The exit code for an errno, as documented in kvm(7).
Exit exit_for_errno(int err) noexcept;

}  // namespace kvm
