// The end of a child on macOS and the BSDs: EVFILT_PROC in a kqueue of its own, since a kqueue is a
// descriptor that is readable when it has events (kqueue(2)). So the poller watches it like any other, and
// knows nothing of processes.
//
//   - NOTE_EXIT of a process that has ended already is refused with ESRCH, though it can still be waited for.
//     An EVFILT_USER event takes its place.
//   - The event is reported once. On macOS it comes a moment before the status can be had.
#include <sys/types.h>
// After sys/types.h, which older systems need first.
#include <sys/event.h>
#include <sys/time.h>

#include <fcntl.h>

#include <cerrno>

#include "process.h"
#include "retry.h"
#include "unique_fd.h"

namespace shrapnel {
namespace {

using Change = struct kevent;

[[nodiscard]] Change MakeChange(pid_t ident, int filter, unsigned flags, unsigned fflags) noexcept {
  // Not EV_SET: its casts differ from system to system, and so do the fields' types.
  Change change{};
  change.ident = static_cast<decltype(change.ident)>(ident);
  change.filter = static_cast<decltype(change.filter)>(filter);
  change.flags = static_cast<decltype(change.flags)>(flags);
  change.fflags = static_cast<decltype(change.fflags)>(fflags);
  return change;
}

[[nodiscard]] int Apply(int queue, const Change& change) noexcept {
  const timespec at_once{};
  const int result = RetryOnSignal([&] { return ::kevent(queue, &change, 1, nullptr, 0, &at_once); });
  return result == -1 ? -errno : 0;
}

}  // namespace

int WatchEnd(pid_t pid) noexcept {
  UniqueFd queue(::kqueue());
  if (!queue.valid() || ::fcntl(queue.get(), F_SETFD, FD_CLOEXEC) == -1) return -errno;
  int failed = Apply(queue.get(), MakeChange(pid, EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT));
  if (failed == -ESRCH) {
    failed = Apply(queue.get(), MakeChange(0, EVFILT_USER, EV_ADD | EV_ONESHOT, 0));
    if (failed == 0) failed = Apply(queue.get(), MakeChange(0, EVFILT_USER, 0, NOTE_TRIGGER));
  }
  return failed == 0 ? queue.Release() : failed;
}

bool HasEnded(int watch, pid_t) noexcept {
  Change event{};
  const timespec at_once{};
  return RetryOnSignal([&] { return ::kevent(watch, nullptr, 0, &event, 1, &at_once); }) == 1;
}

}  // namespace shrapnel
