// The shared listener in libuv's set. Why and how is in exclusive_watch.h.
#include "exclusive_watch.h"

#include <poll.h>

#include <cerrno>
#include <new>
#include <utility>

#include "retry.h"
#include "system.h"

namespace shrapnel {
namespace {

// After so many events the process goes to the end of the queue of those who share the listener. Two system calls each time.
constexpr int kEventsPerPlace = 16;

// How long a connection may lie whose wake-up was lost.
constexpr std::uint64_t kLookMs = 1000;

// Whether events in libuv's set carry the number of their descriptor: seen in a loop of its own, where a mistake harms nobody.
[[nodiscard]] bool LibuvNamesByNumber() noexcept {
  uv_loop_t loop;
  if (uv_loop_init(&loop) != 0) return false;
  bool is_named = false;
  UniqueFd ready(MakeStandIn(true));
  uv_poll_t poll;
  if (ready.valid() && uv_poll_init(&loop, &poll, ready.get()) == 0) {
    if (uv_poll_start(&poll, UV_READABLE, [](uv_poll_t*, int, int) {}) == 0) {
      uv_run(&loop, UV_RUN_NOWAIT);
      is_named = ReportsByNumber(uv_backend_fd(&loop), ready.get());
    }
    uv_close(reinterpret_cast<uv_handle_t*>(&poll), nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
  }
  return uv_loop_close(&loop) == 0 && is_named;
}

}  // namespace

int ExclusiveWatch::Open(uv_loop_t* loop, int fd, Host& host, ExclusiveWatch*& out) {
  static const bool is_possible = LibuvNamesByNumber();
  if (!is_possible) return -ENOTSUP;
  const int made = MakeStandIn(false);
  if (made < 0) return made;
  UniqueFd stand_in(made);
  auto* self = new (std::nothrow) ExclusiveWatch(loop, fd, host, std::move(stand_in));
  if (self == nullptr) return -ENOMEM;
  const int failed = uv_poll_init(loop, &self->poll_, self->stand_in_.get());
  if (failed != 0) {
    delete self;
    return failed;
  }
  uv_timer_init(loop, &self->look_);  // Cannot fail: it only fills the struct.
  self->poll_.data = self->look_.data = self;
  self->open_handles_ = 2;
  uv_unref(reinterpret_cast<uv_handle_t*>(&self->poll_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&self->look_));
  static_cast<void>(self->StartPoll());  // Cannot fail: the handle is open and its events are known.
  out = self;
  return 0;
}

int ExclusiveWatch::StartPoll() noexcept {
  return uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* handle, int status, int) {
    static_cast<ExclusiveWatch*>(handle->data)->OnEvent(status);
  });
}

int ExclusiveWatch::BeforeBlock() noexcept {
  if (is_wanted_ == is_armed_) return 0;
  if (!is_wanted_) {
    Disarm();
    return 0;
  }
  const int failed = AddExclusive(uv_backend_fd(loop_), fd_, stand_in_.get());
  if (failed != 0) return failed;
  is_armed_ = true;
  return uv_timer_start(
      &look_, [](uv_timer_t* handle) { static_cast<ExclusiveWatch*>(handle->data)->LookAgain(); }, kLookMs, kLookMs);
}

void ExclusiveWatch::Disarm() noexcept {
  if (!is_armed_) return;
  is_armed_ = false;
  static_cast<void>(RemoveExclusive(uv_backend_fd(loop_), fd_));  // Fails only if it is not there.
  static_cast<void>(uv_timer_stop(&look_));                       // Never fails.
}

void ExclusiveWatch::OnEvent(int status) noexcept {
  // libuv stops watching what reports an error, as a listener does that somebody destroyed.
  if (status < 0) static_cast<void>(StartPoll());
  if (is_armed_ && ++events_ == kEventsPerPlace) {
    events_ = 0;
    Disarm();  // And armed again before the loop sleeps.
  }
  host_.OnConnections(fd_);
}

void ExclusiveWatch::LookAgain() noexcept {
  pollfd look{fd_, POLLIN, 0};
  if (RetryOnSignal([&] { return ::poll(&look, 1, 0); }) == 1) host_.OnConnections(fd_);
}

void ExclusiveWatch::Close() noexcept {
  Disarm();
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), OnClosed);
  uv_close(reinterpret_cast<uv_handle_t*>(&look_), OnClosed);
}

void ExclusiveWatch::OnClosed(uv_handle_t* handle) {
  auto* self = static_cast<ExclusiveWatch*>(handle->data);
  if (--self->open_handles_ > 0) return;
  Host& host = self->host_;
  delete self;
  host.OnWatchClosed();
}

}  // namespace shrapnel
