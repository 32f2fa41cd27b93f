// UniqueFd: the only owner of a descriptor and the only caller of close(2). It knows nothing of pollers:
// whoever registered the number must call Poller::Remove before it lets go of it here.
#pragma once

#include <cassert>
#include <cerrno>
#include <type_traits>
#include <unistd.h>
#include <utility>

namespace shrapnel {

class UniqueFd {
 public:
  explicit UniqueFd(int fd = -1) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) Reset(other.Release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int Release() noexcept { return std::exchange(fd_, -1); }

  // Closes what is held and takes `fd`. errno is left as it was, so that a destructor on the way out of a
  // failed function does not hide why it failed.
  void Reset(int fd = -1) noexcept {
    const int old = std::exchange(fd_, fd);
    if (old < 0) return;
    assert(old != fd && "a descriptor replaced by itself would be closed while held");
    const int saved = errno;
    const int result = ::close(old);
    // EBADF means that someone closed our number, and the next such close would hit a stranger's. The other
    // errors (EINTR, EIO, ENOSPC, ECONNRESET on BSD) come after the number is free: repeating would be the
    // same mistake.
    assert(result == 0 || errno != EBADF);
    static_cast<void>(result);  // a build without asserts has nobody left to tell
    errno = saved;
  }

 private:
  int fd_;
};

static_assert(!std::is_copy_constructible_v<UniqueFd>);
static_assert(!std::is_copy_assignable_v<UniqueFd>);
static_assert(std::is_nothrow_move_constructible_v<UniqueFd>);

}  // namespace shrapnel
