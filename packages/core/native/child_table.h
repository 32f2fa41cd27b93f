// The children of one JavaScript thread whose status has not been taken. When the thread ends, those that are
// bound to it are killed with their groups, and all are left to whichever thread starts the next child
// (process.h, Abandon).
#pragma once

#include <sys/types.h>

#include <csignal>
#include <map>

#include "process.h"

namespace shrapnel {

class ChildTable {
 public:
  ChildTable() = default;
  ChildTable(const ChildTable&) = delete;
  ChildTable& operator=(const ChildTable&) = delete;
  ~ChildTable() {
    for (const auto& [pid, is_bound] : is_bound_) {
      // A bound child leads a group of its own. Its status is not taken, so the number is its own.
      if (is_bound) static_cast<void>(::kill(-pid, SIGKILL));
      Abandon(pid);
    }
  }

  void Put(pid_t pid, bool is_bound) { is_bound_[pid] = is_bound; }
  void Forget(pid_t pid) { is_bound_.erase(pid); }

 private:
  std::map<pid_t, bool> is_bound_;
};

}  // namespace shrapnel
