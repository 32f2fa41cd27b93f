// Child processes: how one begins, and how its end is told and taken. Nothing here waits, and nothing knows
// of groups but that a child may lead one of its own: who is signalled when is decided in JavaScript.
//
// The number of a process is its own until its status is taken (wait(2)): until then it may be signalled, and
// so may the group that it leads, also when it has ended. Afterwards the number may be a stranger's.
//
// StartProcess and Reap are the same everywhere. The end is told by a descriptor, so that the poller can
// watch it: process_epoll.cc and process_kqueue.cc, chosen with the poller.
#pragma once

#include <sys/types.h>

#include <vector>

namespace shrapnel {

struct ProcessPlan {
  const char* path = nullptr;
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  const char* directory = nullptr;  // null: this process's
  std::vector<int> descriptors;     // numbers of ours, which become the child's 0, 1, 2, …
  bool has_own_group = true;
};

// The new process's number, or -errno: also of what the child could not do, execve(2) included. It gets the
// named descriptors and none of the others that close on exec, default dispositions and no blocked signal.
[[nodiscard]] pid_t StartProcess(const ProcessPlan& plan) noexcept;

// A descriptor that is readable once the child `pid` has ended, or ended before. It closes on exec. -errno.
[[nodiscard]] int WatchEnd(pid_t pid) noexcept;

// After `watch` was readable: whether the child has ended in truth. Once true it is not to be asked again.
[[nodiscard]] bool HasEnded(int watch, pid_t pid) noexcept;

// Takes the status of a child that has ended: 0 to 255 is its exit code, 256 and more a signal's number plus
// 256. -errno: ECHILD if somebody else took it.
[[nodiscard]] int Reap(pid_t pid) noexcept;

// Nobody will ask for the end of `pid`: its status is taken here or, if it still runs, when any thread starts
// another child.
void Abandon(pid_t pid) noexcept;

}  // namespace shrapnel
