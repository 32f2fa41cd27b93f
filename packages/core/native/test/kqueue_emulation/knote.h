// One knote of the emulated kqueue: what was asked, and the descriptor that stands for it. No logic.
#pragma once

#include <cstdint>
#include <sys/event.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace kqueue_emulation {

// EVFILT_EXCEPT, also where the header hides it.
constexpr int kExceptFilter = -15;

// Owns a descriptor that no caller ever sees. It closes by the bare system call, because close(2) is the
// emulation's own function (kqueue.cc) and takes the lock that is held here.
class HiddenFd {
 public:
  explicit HiddenFd(int fd = -1) noexcept : fd_(fd) {}
  HiddenFd(HiddenFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  HiddenFd& operator=(HiddenFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~HiddenFd() {
    if (fd_ >= 0)
      static_cast<void>(::syscall(SYS_close, fd_));  // a number of ours: nothing can be wrong with it
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

struct Knote {
  struct kevent asked {};  // ident, filter, kept flags, fflags, data and udata of the latest change
  bool enabled = true;
  bool watched = false;  // in an epoll set, as far as we know: a close that we did not see takes it out
  HiddenFd source;       // timerfd, signalfd, pidfd or eventfd; none for the directions of a descriptor
  std::uint32_t noted = 0;  // EVFILT_VNODE: flags that were not told yet
};

// These name a descriptor by `ident` and have no source of their own.
[[nodiscard]] constexpr bool IsDirection(int filter) noexcept {
  return filter == EVFILT_READ || filter == EVFILT_WRITE || filter == kExceptFilter;
}

// True if `ident` is a descriptor, whose close ends the knote.
[[nodiscard]] constexpr bool NamesDescriptor(int filter) noexcept {
  return IsDirection(filter) || filter == EVFILT_VNODE;
}

}  // namespace kqueue_emulation
