// fail-at N COMMAND...: makes the Nth change of COMMAND to files (mkdir, rmdir, symlink, unlink, or
// write to a descriptor above 2) fail with EIO. fail-at -15 N COMMAND...: lets the change happen
// and sends signal 15 during it. Ends as COMMAND does, or with 99 if it made fewer changes.
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

static bool is_change(const user_regs_struct& registers) {
  switch (registers.orig_rax) {
    case SYS_mkdir:
    case SYS_rmdir:
    case SYS_symlink:
    case SYS_unlink:
      return true;
    case SYS_write:
      return registers.rdi > 2;
    default:
      return false;
  }
}

int main(int argc, char** argv) {
  const int interrupt = argc > 1 && argv[1][0] == '-' ? std::atoi(argv[1] + 1) : 0;
  if (interrupt != 0) --argc, ++argv;
  if (argc < 3) return 64;
  int left = std::atoi(argv[1]);
  const pid_t child = fork();
  if (child == 0) {
    if (interrupt != 0) signal(interrupt, SIG_DFL);  // the guest's init ignores SIGINT
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    execvp(argv[2], argv + 2);
    std::perror(argv[2]);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
  bool entering = true, failing = false;
  long deliver = 0;
  for (;;) {
    ptrace(PTRACE_SYSCALL, child, nullptr, deliver);
    deliver = 0;
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) break;
    if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
      deliver = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
      continue;
    }
    user_regs_struct registers;
    ptrace(PTRACE_GETREGS, child, nullptr, &registers);
    if (entering && is_change(registers) && --left == 0) {
      if (interrupt != 0) {
        kill(child, interrupt);
      } else {
        failing = true;
        registers.orig_rax = static_cast<unsigned long long>(-1);
        ptrace(PTRACE_SETREGS, child, nullptr, &registers);
      }
    } else if (!entering && failing) {
      failing = false;
      registers.rax = static_cast<unsigned long long>(-EIO);
      ptrace(PTRACE_SETREGS, child, nullptr, &registers);
    }
    entering = !entering;
  }
  if (left > 0) return 99;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
