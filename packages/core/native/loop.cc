// The round of the loop, and its end. A thread that ends closes the handles first and the descriptors with them.
#include "loop.h"

#include <cerrno>
#include <utility>

namespace shrapnel {
namespace {

// How often a batch may be followed by another before Node's loop gets its turn. With one busy connection the
// two extra system calls of a round of Node's loop are most of the cost; with many, batches are large anyway.
constexpr int kMostRounds = 16;

}  // namespace

int Loop::Open(napi_env env, Loop*& out) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return UV_EINVAL;
  std::unique_ptr<Poller> poller = MakePoller();
  if (poller == nullptr) return -errno;

  auto* self = new Loop(env);
  self->poller_ = std::move(poller);
  self->uv_ = loop;
  const int failed = uv_poll_init(loop, &self->watch_, self->poller_->descriptor());
  if (failed != 0) {
    delete self;
    return failed;
  }
  uv_prepare_init(loop, &self->before_block_);  // Cannot fail: it only fills the struct.
  self->watch_.data = self->before_block_.data = self;
  self->open_handles_ = 2;
  uv_unref(reinterpret_cast<uv_handle_t*>(&self->watch_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&self->before_block_));

  const auto hook = [](napi_async_cleanup_hook_handle, void* data) { static_cast<Loop*>(data)->BeginClose(); };
  if (napi_add_async_cleanup_hook(env, hook, self, &self->cleanup_) != napi_ok) {
    self->BeginClose();
    return UV_ENOMEM;
  }
  out = self;
  return 0;
}

int Loop::Start(Event* events, int capacity, Shared* shared, napi_value dispatch) {
  if (dispatch_ != nullptr) return UV_EALREADY;  // another copy of the JavaScript has this loop
  events_ = events;
  capacity_ = capacity;
  shared_ = shared;
  napi_value name = nullptr;
  if (napi_create_reference(env_, dispatch, 1, &dispatch_) != napi_ok ||
      napi_create_string_utf8(env_, "shrapnel", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_async_init(env_, nullptr, name, &context_) != napi_ok) {
    return UV_ENOMEM;
  }
  const auto before_block = [](uv_prepare_t* handle) { static_cast<Loop*>(handle->data)->BeforeBlock(); };
  const int prepared = uv_prepare_start(&before_block_, before_block);
  if (prepared != 0) return prepared;
  return uv_poll_start(&watch_, UV_READABLE, [](uv_poll_t* handle, int, int) {
    static_cast<Loop*>(handle->data)->OnReadable();
  });
}

void Loop::BeforeBlock() {
  // Where the kernel refuses (too many watches, no memory) all processes wake, and the connection is accepted all the same.
  for (ExclusiveWatch* watch : exclusive_) {
    if (watch->BeforeBlock() != 0) static_cast<void>(poller_->Add(watch->fd()));
  }
  if (poller_->has_pending()) static_cast<void>(poller_->Flush());  // Its failures arrive as events.
  if (shared_->waiting == 0 && shared_->is_alive != 0) {
    shared_->is_alive = 0;
    uv_unref(reinterpret_cast<uv_handle_t*>(&watch_));
  }
}

void Loop::KeepAlive() noexcept {
  if (is_closing_ || shared_ == nullptr) return;
  shared_->is_alive = 1;
  uv_ref(reinterpret_cast<uv_handle_t*>(&watch_));
}

double Loop::SinceWakeMs() const noexcept {
  return static_cast<double>(uv_hrtime()) / 1e6 - static_cast<double>(uv_now(uv_));
}

int Loop::PollOnce() {
  if (events_ == nullptr) return UV_EINVAL;  // not started
  const int count = poller_->Poll(events_, capacity_);
  if (count > 0) {
    napi_value receiver = nullptr, callback = nullptr, argument = nullptr, result = nullptr;
    if (napi_get_global(env_, &receiver) != napi_ok ||
        napi_get_reference_value(env_, dispatch_, &callback) != napi_ok ||
        napi_create_int32(env_, count, &argument) != napi_ok ||
        napi_call_function(env_, receiver, callback, 1, &argument, &result) != napi_ok) {
      return UV_ECANCELED;  // The exception is pending and reaches the JavaScript that called.
    }
  }
  return count;
}

void Loop::OnReadable() {
  for (int round = 0; round < kMostRounds && !is_closing_; ++round) {
    const int count = poller_->Poll(events_, capacity_);
    if (count <= 0 || !Dispatch(count)) return;
  }
}

// Microtasks run before napi_make_callback returns: here is where the coroutines of this batch execute.
bool Loop::Dispatch(int count) {
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return false;
  napi_value receiver = nullptr, callback = nullptr, argument = nullptr, result = nullptr;
  bool is_done = napi_get_global(env_, &receiver) == napi_ok &&
                 napi_get_reference_value(env_, dispatch_, &callback) == napi_ok &&
                 napi_create_int32(env_, count, &argument) == napi_ok;
  if (is_done && napi_make_callback(env_, context_, receiver, callback, 1, &argument, &result) != napi_ok) {
    is_done = false;
    bool is_pending = false;
    napi_value error = nullptr;
    if (napi_is_exception_pending(env_, &is_pending) == napi_ok && is_pending &&
        napi_get_and_clear_last_exception(env_, &error) == napi_ok) {
      is_done = napi_fatal_exception(env_, error) == napi_ok;
    }
  }
  return napi_close_handle_scope(env_, scope) == napi_ok && is_done;
}

int Loop::WatchExclusively(int fd) {
  if (is_closing_) return UV_ECANCELED;
  ExclusiveWatch* watch = nullptr;
  const int failed = ExclusiveWatch::Open(uv_, fd, *this, watch);
  if (failed != 0) return failed;
  exclusive_.push_back(watch);
  ++open_handles_;
  return 0;
}

int Loop::SetAccepting(int fd, bool is_accepting) noexcept {
  for (ExclusiveWatch* watch : exclusive_) {
    if (watch->fd() != fd) continue;
    watch->SetWanted(is_accepting);
    return 0;
  }
  return UV_EBADF;
}

void Loop::Unwatch(int fd) noexcept {
  for (std::size_t i = 0; i < exclusive_.size(); i++) {
    if (exclusive_[i]->fd() != fd) continue;
    exclusive_[i]->Close();
    exclusive_.erase(exclusive_.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
}

void Loop::OnConnections(int fd) {
  if (is_closing_) return;
  events_[0] = Event{fd, kReadable};
  static_cast<void>(Dispatch(1));
}

void Loop::BeginClose() {
  if (is_closing_) return;
  is_closing_ = true;
  if (context_ != nullptr) static_cast<void>(napi_async_destroy(env_, context_));
  for (ExclusiveWatch* watch : exclusive_) watch->Close();
  exclusive_.clear();
  uv_close(reinterpret_cast<uv_handle_t*>(&watch_), OnClosed);
  uv_close(reinterpret_cast<uv_handle_t*>(&before_block_), OnClosed);
}

void Loop::Release() {
  if (--open_handles_ > 0) return;
  const napi_async_cleanup_hook_handle cleanup = cleanup_;
  delete this;  // Closes the poller and every descriptor that was left open.
  if (cleanup != nullptr) static_cast<void>(napi_remove_async_cleanup_hook(cleanup));
}

}  // namespace shrapnel
