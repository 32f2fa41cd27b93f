// Test-only: kqueue(2) and kevent(2) on Linux, over epoll, timerfd, signalfd, pidfd and eventfd, so that a
// back end written for BSD can be run where there is no BSD. Correct before fast: one lock for all queues,
// not held in a wait.
//
// close(2) is defined here too. A BSD kernel drops the knotes of a number that is closed, also when a
// duplicate keeps the file open, and frees a kqueue that is closed; we cannot do either without seeing the
// close. The definition is hidden, so it serves the program or addon that it is linked into and nobody else
// in the process. A close that we do not see (by a library, by dup2) is still survived: epoll has dropped the
// file, and EV_ADD of the number registers it anew; but events of a duplicate may appear under the old
// number, and a kqueue closed so keeps its hidden descriptors until its number is a kqueue again.
//
// What differs from BSD, besides what directions.cc, sources.cc and vnodes.cc say: regular files are refused
// (EPERM, by epoll) for reading and writing; a stream socket that was never connected makes the descriptor
// readable though kevent returns nothing for it; a knote with EV_CLEAR that is enabled again reports what is
// ready now; a change of a connection's state (its peer's FIN) wakes both directions. So an edge may be told
// once too often, never once too seldom.
#include <sys/event.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "queue.h"

extern "C" __attribute__((visibility("hidden"))) int close(int fd);

namespace kqueue_emulation {
namespace {

using Clock = std::chrono::steady_clock;

struct Registry {
  std::mutex mutex;
  std::map<int, std::unique_ptr<Queue>> queues;
  pid_t process = ::getpid();
};

// Never destroyed: other statics may close descriptors after us.
[[nodiscard]] Registry& TheRegistry() noexcept {
  static Registry& registry = *new Registry;
  return registry;
}

[[nodiscard]] int Fail(int error) noexcept {
  errno = error;
  return -1;
}

// Applies the changes and puts refusals and receipts into `events`. Their count, or -1 at the first for which
// there is no room (0 if that was only a receipt), leaving the rest undone: as FreeBSD does. `done` says that
// it ended there.
[[nodiscard]] int ApplyAll(Queue& queue, const struct kevent* changes, int nchanges, struct kevent* events,
                           int nevents, bool& done) noexcept {
  int count = 0;
  for (int i = 0; i < nchanges; i++) {
    const struct kevent change = changes[i];  // a copy: the lists may be the same memory
    const int error = queue.Apply(change);
    if (error == 0 && (change.flags & EV_RECEIPT) == 0) continue;
    if (count == nevents) {
      done = true;
      return error == 0 ? count : Fail(error);
    }
    events[count] = change;
    events[count].flags = EV_ERROR;
    events[count].data = error;
    count++;
  }
  done = count > 0 || nevents == 0;
  return count;
}

[[nodiscard]] std::optional<Clock::time_point> ToDeadline(const timespec* timeout) noexcept {
  if (timeout == nullptr) return std::nullopt;
  return Clock::now() + std::chrono::seconds(timeout->tv_sec) + std::chrono::nanoseconds(timeout->tv_nsec);
}

// Waits until the descriptor is readable. 1, 0 when the deadline has passed, -1 with errno.
[[nodiscard]] int WaitUntil(int kq, std::optional<Clock::time_point> deadline) noexcept {
  pollfd waiting{kq, POLLIN, 0};
  if (!deadline) return ::ppoll(&waiting, 1, nullptr, nullptr);
  const auto left = *deadline - Clock::now();
  if (left <= Clock::duration::zero()) return 0;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  timespec limit{};
  limit.tv_sec = seconds.count();
  limit.tv_nsec = std::chrono::nanoseconds(left - seconds).count();
  return ::ppoll(&waiting, 1, &limit, nullptr);
}

}  // namespace
}  // namespace kqueue_emulation

using kqueue_emulation::Fail;
using kqueue_emulation::Queue;
using kqueue_emulation::TheRegistry;

int kqueue(void) {
  const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (descriptor == -1) return -1;
  auto queue = std::make_unique<Queue>(descriptor);
  const int error = queue->Open();
  if (error != 0) {
    queue.reset();
    static_cast<void>(::syscall(SYS_close, descriptor));  // ours and unused: nothing can be wrong with it
    return Fail(error);
  }
  auto& registry = TheRegistry();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  registry.queues[descriptor] = std::move(queue);
  return descriptor;
}

int kevent(int kq, const struct kevent* changes, int nchanges, struct kevent* events, int nevents,
           const struct timespec* timeout) {
  auto& registry = TheRegistry();
  const auto deadline = kqueue_emulation::ToDeadline(timeout);
  if (nchanges < 0 || nevents < 0) return Fail(EINVAL);
  for (bool first = true;; first = false) {
    {
      const std::lock_guard<std::mutex> lock(registry.mutex);
      const auto found = registry.queues.find(kq);
      if (found == registry.queues.end()) return Fail(EBADF);
      if (first) {
        bool done = false;
        const int count =
            kqueue_emulation::ApplyAll(*found->second, changes, nchanges, events, nevents, done);
        if (done) return count;
      }
      const int count = found->second->Collect(events, nevents);
      if (count > 0) return count;
    }
    const int woken = kqueue_emulation::WaitUntil(kq, deadline);
    if (woken < 1) return woken;
  }
}

int close(int fd) {
  auto& registry = TheRegistry();
  // A forked child has no kqueues on BSD. Here it has a copy of our lock, in whatever state another thread
  // left it.
  if (::getpid() == registry.process) {
    const std::lock_guard<std::mutex> lock(registry.mutex);
    for (const auto& entry : registry.queues) entry.second->Forget(fd);
    registry.queues.erase(fd);
  }
  return static_cast<int>(::syscall(SYS_close, fd));
}
