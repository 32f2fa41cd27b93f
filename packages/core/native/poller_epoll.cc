// The poller on epoll. What it promises is in poller.h.
//
// Facts, from epoll(7), epoll_ctl(2), epoll_wait(2) and socket behaviour that poll(2) describes:
//   - With EPOLLET an item is reported when its file wakes its waiters, and then with everything that is true
//     of the file at that moment: bytes arriving on a socket that has room say EPOLLIN|EPOLLOUT.
//   - EPOLLERR and EPOLLHUP come unasked. EPOLLHUP is said of a socket shut down in both directions, of the
//     read end of a pipe whose writers are gone (its last bytes may still be unread), and of a stream socket
//     that has never been connected. EPOLLERR is also said of the write end of a pipe whose readers are gone.
//   - A read(2) from a TCP socket stops before the urgent byte (tcp(7)), so it can be short while more is
//     queued. EPOLLPRI stays set while that byte is next.
//   - Closing a number ends its registration only when the open file goes, that is when no duplicate is left
//     (epoll(7), "Will closing a file descriptor cause it to be removed"). A ghost left that way cannot be
//     named any more, neither to modify nor to remove it.
//   - A regular file is always ready and is refused with EPERM, also by EPOLL_CTL_DEL.
//   - A set with unreported items is itself readable to poll, select and epoll.
//   - epoll takes registrations one at a time.
//
// Consequence: one registration with every bit, made once and never modified, costs one system call in the
// life of a connection. Level triggering or EPOLLONESHOT would cost one per wait. The price is that bits are
// often stale news ("still writable"), which the contract allows.
//
// Decision: EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLPRI|EPOLLET, keyed by number. An event of a ghost lands on
// whoever has the number now and costs that one a futile try. Flush has nothing to do.
#include "poller.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <sys/epoll.h>
#include <utility>

#include "retry.h"
#include "unique_fd.h"

namespace shrapnel {
namespace {

constexpr std::uint32_t kInterest =
    EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | static_cast<std::uint32_t>(EPOLLET);

[[nodiscard]] std::uint32_t ToReadiness(std::uint32_t events) noexcept {
  std::uint32_t readiness = 0;
  if (events & EPOLLIN) readiness |= kReadable;
  if (events & EPOLLOUT) readiness |= kWritable;
  if (events & EPOLLPRI) readiness |= kUrgent | kReadable;
  if (events & EPOLLRDHUP) readiness |= kEnded | kReadable;
  if (events & EPOLLERR) readiness |= kBroken | kReadable | kWritable;
  // A pipe says EPOLLHUP where a socket says EPOLLRDHUP, so a hang-up is an end too.
  if (events & EPOLLHUP) readiness |= kBroken | kEnded | kReadable | kWritable;
  return readiness;
}

class EpollPoller final : public Poller {
 public:
  explicit EpollPoller(UniqueFd set) noexcept : set_(std::move(set)) {}

  [[nodiscard]] int descriptor() const noexcept override { return set_.get(); }

  [[nodiscard]] int Add(int fd) noexcept override {
    const int error = Control(EPOLL_CTL_ADD, fd);
    // Present already: an equal modification makes the kernel look at the file again, which is what re-adding
    // means.
    return error == -EEXIST ? Control(EPOLL_CTL_MOD, fd) : error;
  }

  [[nodiscard]] int Remove(int fd) noexcept override {
    const int error = Control(EPOLL_CTL_DEL, fd);
    return error == -ENOENT || error == -EPERM ? 0 : error;
  }

  [[nodiscard]] int Flush() noexcept override { return 0; }

  [[nodiscard]] bool has_pending() const noexcept override { return false; }

  [[nodiscard]] int Poll(Event* out, int capacity) noexcept override {
    if (capacity < 1) return -EINVAL;
    int count = 0;
    while (count < capacity) {
      const int room = std::min(capacity - count, static_cast<int>(batch_.size()));
      const int found = RetryOnSignal([&] { return ::epoll_wait(set_.get(), batch_.data(), room, 0); });
      // Edges that were taken already would be lost with an error; the error will still be there next time.
      if (found == -1) return count > 0 ? count : -errno;
      for (int i = 0; i < found; i++) {
        const epoll_event& event = batch_[static_cast<std::size_t>(i)];
        out[count++] = Event{event.data.fd, ToReadiness(event.events)};
      }
      if (found < room) break;
    }
    return count;
  }

 private:
  [[nodiscard]] int Control(int operation, int fd) noexcept {
    epoll_event event{};
    event.events = kInterest;
    event.data.fd = fd;
    return ::epoll_ctl(set_.get(), operation, fd, &event) == -1 ? -errno : 0;
  }

  UniqueFd set_;
  std::array<epoll_event, 256> batch_;
};

}  // namespace

std::unique_ptr<Poller> MakePoller() noexcept {
  UniqueFd set(::epoll_create1(EPOLL_CLOEXEC));
  if (!set.valid()) return nullptr;
  return std::unique_ptr<Poller>(new (std::nothrow) EpollPoller(std::move(set)));
}

}  // namespace shrapnel
