// The end of a child on Linux: a pidfd, which is readable when the process has ended with all its threads
// (pidfd_open(2), Linux 5.3). It is bound to the process and not to the number, and needs no handler of
// SIGCHLD, which is libuv's.
//
// A tracer (strace -p) takes the status before the parent may: the descriptor speaks for both ends, and so
// does HasEnded, which asks whether there is a status for us.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "process.h"
#include "retry.h"

namespace shrapnel {
namespace {

// The same on every architecture; the kernel's headers at hand may be older than the kernel.
#ifdef SYS_pidfd_open
constexpr long kPidfdOpen = SYS_pidfd_open;
#else
constexpr long kPidfdOpen = 434;
#endif

}  // namespace

int WatchEnd(pid_t pid) noexcept {
  // By its number: older C libraries lack the function, or declare it without extern "C". Close-on-exec by
  // itself.
  const auto fd = static_cast<int>(::syscall(kPidfdOpen, pid, 0));
  return fd == -1 ? -errno : fd;
}

bool HasEnded(int, pid_t pid) noexcept {
  siginfo_t information{};
  const int result = RetryOnSignal(
      [&] { return ::waitid(P_PID, static_cast<id_t>(pid), &information, WEXITED | WNOHANG | WNOWAIT); });
  // An error is ECHILD: somebody took the status, so it has ended.
  return result == -1 || information.si_pid == pid;
}

}  // namespace shrapnel
