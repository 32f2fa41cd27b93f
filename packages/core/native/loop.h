// The poller inside Node's own loop, and the one call into JavaScript per batch of events.
//
// - A uv_poll handle watches the poller's descriptor, so coroutines live beside fs, timers and every other library.
// - A uv_prepare handle runs once per round of Node's loop, before it blocks: it hands batched registrations to the
//   kernel and decides whether our handle keeps the process alive. JavaScript counts waiting coroutines in `shared`;
//   reading the count here costs nothing, a Node-API call per suspended coroutine would.
#pragma once

#include <node_api.h>
#include <uv.h>

#include <memory>
#include <vector>

#include "child_table.h"
#include "descriptor_table.h"
#include "exclusive_watch.h"
#include "poller.h"

namespace shrapnel {

// Memory that JavaScript and this file both see (an Int32Array there).
struct Shared {
  std::int32_t waiting;   // written by JavaScript: waits that must keep the process alive
  std::int32_t is_alive;  // written here: whether our handle is referenced now
};

class Loop final : private ExclusiveWatch::Host {
 public:
  // 0 or a negative errno. `events` has room for `capacity` events and belongs to JavaScript, which keeps it.
  static int Open(napi_env env, Loop*& out);

  int Start(Event* events, int capacity, Shared* shared, napi_value dispatch);
  void KeepAlive() noexcept;      // at once, for waits begun while Node's loop may be about to end
  [[nodiscard]] double SinceWakeMs() const noexcept;  // since Node's loop last looked at the clock: before timers, and after it slept
  [[nodiscard]] int PollOnce();   // dispatches one batch without leaving JavaScript; count or -errno

  // A listener of ours that other processes share. 0 or a negative errno, -ENOTSUP where there is no such thing.
  [[nodiscard]] int WatchExclusively(int fd);
  [[nodiscard]] int SetAccepting(int fd, bool is_accepting) noexcept;  // -EBADF: it is not watched so
  void Unwatch(int fd) noexcept;  // without effect on what is not watched so

  [[nodiscard]] Poller& poller() noexcept { return *poller_; }
  [[nodiscard]] DescriptorTable& descriptors() noexcept { return descriptors_; }
  [[nodiscard]] ChildTable& children() noexcept { return children_; }

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

 private:
  explicit Loop(napi_env env) : env_(env) {}
  ~Loop() = default;

  void OnReadable();
  [[nodiscard]] bool Dispatch(int count);
  void OnConnections(int fd) override;
  void OnWatchClosed() override { Release(); }
  void BeforeBlock();
  void BeginClose();
  void Release();
  static void OnClosed(uv_handle_t* handle) { static_cast<Loop*>(handle->data)->Release(); }

  napi_env env_;
  uv_loop_t* uv_ = nullptr;
  std::unique_ptr<Poller> poller_;
  DescriptorTable descriptors_;
  ChildTable children_;
  std::vector<ExclusiveWatch*> exclusive_;
  uv_poll_t watch_{};
  uv_prepare_t before_block_{};
  napi_async_context context_ = nullptr;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  napi_ref dispatch_ = nullptr;
  Event* events_ = nullptr;
  int capacity_ = 0;
  Shared* shared_ = nullptr;
  int open_handles_ = 0;
  bool is_closing_ = false;
};

}  // namespace shrapnel
