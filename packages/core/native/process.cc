// Starting with posix_spawn(3). With glibc and on macOS it copies no page tables, so that a program with
// gigabytes of heap starts a child as fast as a small one; and it returns when the child has become the
// program or has failed to, with the errno.
#include "process.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <mutex>

#include "retry.h"
#include "unique_fd.h"

namespace shrapnel {
namespace {

class FileActions {
 public:
  FileActions() noexcept : failed_(::posix_spawn_file_actions_init(&actions_)) {}
  ~FileActions() {
    if (failed_ == 0) static_cast<void>(::posix_spawn_file_actions_destroy(&actions_));
  }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  [[nodiscard]] int failed() const noexcept { return failed_; }
  [[nodiscard]] posix_spawn_file_actions_t* get() noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
  int failed_;
};

class Attributes {
 public:
  Attributes() noexcept : failed_(::posix_spawnattr_init(&attributes_)) {}
  ~Attributes() {
    if (failed_ == 0) static_cast<void>(::posix_spawnattr_destroy(&attributes_));
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  [[nodiscard]] int failed() const noexcept { return failed_; }
  [[nodiscard]] posix_spawnattr_t* get() noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
  int failed_;
};

// Functions of the C library that are too new to be linked to: with them looked up, the addon also loads
// where they are missing.
template <typename Function>
[[nodiscard]] Function Find(const char* name) noexcept {
  return reinterpret_cast<Function>(::dlsym(RTLD_DEFAULT, name));
}

// glibc 2.29, musl 1.1.24, macOS 10.15 and FreeBSD 13.1 have it, the newest under the name that POSIX 2024
// gave it.
[[nodiscard]] int AddDirectory(posix_spawn_file_actions_t* actions, const char* directory) noexcept {
  using Function = int (*)(posix_spawn_file_actions_t*, const char*);
  auto add = Find<Function>("posix_spawn_file_actions_addchdir_np");
  if (add == nullptr) add = Find<Function>("posix_spawn_file_actions_addchdir");
  return add == nullptr ? ENOSYS : add(actions, directory);
}

// Descriptors that this process was given itself, or that some library opened, need not close on exec. glibc
// 2.34 and FreeBSD 14 can close them all; without it the child gets these, as from Node's own child_process.
[[nodiscard]] int AddCloseFrom(posix_spawn_file_actions_t* actions, int first) noexcept {
  using Function = int (*)(posix_spawn_file_actions_t*, int);
  const auto add = Find<Function>("posix_spawn_file_actions_addclosefrom_np");
  return add == nullptr ? 0 : add(actions, first);
}

[[nodiscard]] int SetAttributes(posix_spawnattr_t* attributes, bool has_own_group) noexcept {
  sigset_t none;
  sigset_t all;
  if (sigemptyset(&none) == -1 || sigfillset(&all) == -1) return errno;
  // Their disposition cannot be set, and not every system overlooks the attempt.
  if (sigdelset(&all, SIGKILL) == -1 || sigdelset(&all, SIGSTOP) == -1) return errno;
  int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (has_own_group) flags |= POSIX_SPAWN_SETPGROUP;
#ifdef POSIX_SPAWN_CLOEXEC_DEFAULT  // macOS, where descriptors cannot be made close-on-exec from the start
  flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
  int failed = ::posix_spawnattr_setsigmask(attributes, &none);
  if (failed == 0) failed = ::posix_spawnattr_setsigdefault(attributes, &all);
  if (failed == 0) failed = ::posix_spawnattr_setpgroup(attributes, 0);
  if (failed == 0) failed = ::posix_spawnattr_setflags(attributes, static_cast<short>(flags));
  return failed;
}

// A source that is one of the child's own numbers would be overwritten before its turn, or, being its own
// target, keep its close-on-exec flag: such sources are duplicated to numbers above all targets first.
[[nodiscard]] int AddDescriptors(posix_spawn_file_actions_t* actions, const std::vector<int>& sources,
                                 std::vector<UniqueFd>& lifted) noexcept {
  const int count = static_cast<int>(sources.size());
  for (int target = 0; target < count; ++target) {
    int source = sources[static_cast<std::size_t>(target)];
    if (source < count) {
      source = ::fcntl(source, F_DUPFD_CLOEXEC, count);
      if (source == -1) return errno;
      lifted.emplace_back(source);
    } else if (::fcntl(source, F_GETFD) == -1) {
      return errno;
    }
    const int failed = ::posix_spawn_file_actions_adddup2(actions, source, target);
    if (failed != 0) return failed;
  }
  return 0;
}

// Children of threads that have ended. Never destroyed: threads may end after us.
struct Abandoned {
  std::mutex mutex;
  std::vector<pid_t> pids;
};

[[nodiscard]] Abandoned& TheAbandoned() noexcept {
  static Abandoned& abandoned = *new Abandoned;
  return abandoned;
}

[[nodiscard]] bool IsGone(pid_t pid) noexcept {
  return RetryOnSignal([&] { return ::waitpid(pid, nullptr, WNOHANG); }) != 0;
}

void ReapAbandoned() noexcept {
  Abandoned& abandoned = TheAbandoned();
  const std::lock_guard<std::mutex> lock(abandoned.mutex);
  std::vector<pid_t>& pids = abandoned.pids;
  pids.erase(std::remove_if(pids.begin(), pids.end(), IsGone), pids.end());
}

}  // namespace

void Abandon(pid_t pid) noexcept {
  if (IsGone(pid)) return;
  Abandoned& abandoned = TheAbandoned();
  const std::lock_guard<std::mutex> lock(abandoned.mutex);
  abandoned.pids.push_back(pid);
}

pid_t StartProcess(const ProcessPlan& plan) noexcept {
  ReapAbandoned();
  FileActions actions;
  Attributes attributes;
  std::vector<UniqueFd> lifted;
  int failed = actions.failed();
  if (failed == 0) failed = attributes.failed();
  if (failed == 0) failed = SetAttributes(attributes.get(), plan.has_own_group);
  if (failed == 0) failed = AddDescriptors(actions.get(), plan.descriptors, lifted);
  if (failed == 0 && plan.directory != nullptr) failed = AddDirectory(actions.get(), plan.directory);
  if (failed == 0) failed = AddCloseFrom(actions.get(), static_cast<int>(plan.descriptors.size()));
  pid_t pid = -1;
  if (failed == 0) {
    failed = ::posix_spawn(&pid, plan.path, actions.get(), attributes.get(), plan.arguments, plan.environment);
  }
  return failed == 0 ? pid : -failed;
}

int Reap(pid_t pid) noexcept {
  int status = 0;
  // It has ended: this does not block, but on macOS for the moment between the news of the end and the end.
  const pid_t reaped = RetryOnSignal([&] { return ::waitpid(pid, &status, 0); });
  if (reaped == -1) return -errno;
  return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace shrapnel
