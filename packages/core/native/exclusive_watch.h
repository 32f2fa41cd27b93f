// A listener that several processes share, watched so that one connection wakes one of them (EPOLLEXCLUSIVE).
//
// - The kernel stops waking at a process that is asleep on the very set that has the exclusive registration. Our own set is
//   inside libuv's, on which the thread sleeps; there the flag would change nothing, and all would wake. So the listener
//   is in libuv's set.
// - libuv takes events by the number they carry and drops those of numbers it does not watch. So each watch has a descriptor that is
//   never ready, which libuv watches, and the listener's registration carries its number: an event of the listener is
//   reported as one of the other, and libuv never touches a registration that it could not modify (EPOLLEXCLUSIVE and
//   EPOLL_CTL_MOD exclude each other, and libuv aborts where MOD fails). That libuv sets that number is not a promise of it:
//   Open() looks, once per process, in a loop of its own.
// - A wake-up that is taken by a process that does not accept is lost to the others. So the listener is registered while
//   somebody waits in accept, and not while the thread sleeps without. What remains (a process that is killed
//   between wake-up and accept, or whose accept was cancelled in that round) the others see when they look for themselves, once a
//   second.
// - The kernel wakes the process first that registered first, as long as it is asleep. To spread connections over the
//   processes each goes to the end of that queue now and then.
#pragma once

#include <uv.h>

#include <utility>

#include "unique_fd.h"

namespace shrapnel {

class ExclusiveWatch {
 public:
  // What it tells to whom: that `fd` may be accepted from, and that it is gone.
  class Host {
   public:
    virtual void OnConnections(int fd) = 0;
    virtual void OnWatchClosed() = 0;

   protected:
    ~Host() = default;
  };

  // 0, or a negative errno: -ENOTSUP where kernel or libuv have no such thing. It ends, and frees itself, by Close().
  [[nodiscard]] static int Open(uv_loop_t* loop, int fd, Host& host, ExclusiveWatch*& out);

  void SetWanted(bool is_wanted) noexcept { is_wanted_ = is_wanted; }

  // Once per round of the loop, before it sleeps. 0 or a negative errno: then nothing watches.
  [[nodiscard]] int BeforeBlock() noexcept;

  // Stops watching at once; `fd` may be closed. OnWatchClosed() comes later.
  void Close() noexcept;

  [[nodiscard]] int fd() const noexcept { return fd_; }

  ExclusiveWatch(const ExclusiveWatch&) = delete;
  ExclusiveWatch& operator=(const ExclusiveWatch&) = delete;

 private:
  ExclusiveWatch(uv_loop_t* loop, int fd, Host& host, UniqueFd stand_in) noexcept
      : loop_(loop), fd_(fd), host_(host), stand_in_(std::move(stand_in)) {}
  ~ExclusiveWatch() = default;

  int StartPoll() noexcept;
  void OnEvent(int status) noexcept;
  void LookAgain() noexcept;
  void Disarm() noexcept;
  static void OnClosed(uv_handle_t* handle);

  uv_loop_t* loop_;
  int fd_;
  Host& host_;
  UniqueFd stand_in_;
  uv_poll_t poll_{};
  uv_timer_t look_{};
  int open_handles_ = 0;
  int events_ = 0;
  bool is_wanted_ = false;
  bool is_armed_ = false;
};

}  // namespace shrapnel
