// Signals, caught: the handler, and what stood there before. The facts behind it are in signals.h.
#include "signals.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>

#include "retry.h"
#include "system.h"
#include "unique_fd.h"

namespace shrapnel {
namespace {

// Linux numbers them from 1 to 64, the BSDs to 31 and, with real-time signals, to 126. Those that have a name in Node
// are below 32 everywhere.
constexpr int kMostSignals = 65;

// How long JavaScript may leave an ending signal untaken before the next one is served without it. npm and terminals
// deliver the same SIGINT twice within milliseconds.
constexpr std::int64_t kPatienceMs = 1000;

using PlainHandler = void (*)(int);
using InfoHandler = void (*)(int, siginfo_t*, void*);

// What the handler touches must be lock-free, or a signal that interrupts the thread with the lock waits for ever.
struct Counters {
  std::atomic<std::uint32_t> all{0};
  std::atomic<std::uint32_t> by_default{0};
  std::atomic<bool> is_default{false};
  std::atomic<PlainHandler> previous{nullptr};
  std::atomic<InfoHandler> previous_with_info{nullptr};
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free &&
              std::atomic<bool>::is_always_lock_free && std::atomic<PlainHandler>::is_always_lock_free);

Counters counters[kMostSignals];
std::atomic<int> write_end{-1};
std::atomic<bool> is_told{false};              // a byte is in the pipe, or about to be
std::atomic<std::int64_t> untaken_since_ms{0};  // the first ending signal that JavaScript has not looked at; 0: none

// What only the thread that opened us touches. But `without_us` is read by the handler, while the signal is caught.
struct Disposition {
  bool is_caught = false;
  bool is_held = false;
  uv_signal_t hold{};
  struct sigaction before {};      // found before libuv knew that we want the signal
  struct sigaction replaced {};    // found by our sigaction: libuv's, as a rule
  struct sigaction without_us {};  // for the handler that gives up waiting for JavaScript
};
Disposition dispositions[kMostSignals];
uv_loop_t holding_loop;
bool is_loop_open = false;
int catching = 0;          // the signal whose handler is libuv's for a moment, before ours
std::uint32_t strays = 0;  // how many of it came in that moment

[[nodiscard]] std::int64_t NowMs() noexcept {
  timespec now{};
  if (::clock_gettime(CLOCK_MONOTONIC, &now) == -1) return 1;
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000 + 1;  // never 0, which means none
}

// Notes an ending signal. True: an earlier one was left lying for too long.
[[nodiscard]] bool IsOverdue() noexcept {
  const std::int64_t now = NowMs();
  std::int64_t since = 0;
  return !untaken_since_ms.compare_exchange_strong(since, now) && now - since >= kPatienceMs;
}

void Tell() noexcept {
  if (is_told.exchange(true)) return;
  const char byte = 0;
  // EAGAIN cannot be, and would do no harm: a full pipe is readable. EINTR neither: every signal is blocked here.
  const ssize_t written = ::write(write_end.load(), &byte, 1);
  static_cast<void>(written);
}

// Async-signal-safe throughout: lock-free atomics, clock_gettime, write, sigaction, raise (signal-safety(7)).
void OnSignal(int signum, siginfo_t* info, void* context) {
  const int saved = errno;
  Counters& mine = counters[signum];
  bool is_overdue = false;
  if (mine.is_default.load()) {
    mine.by_default.fetch_add(1);  // before `all`: TakeSignals may look in between, and goes by that one
    is_overdue = IsOverdue();
  }
  mine.all.fetch_add(1);
  Tell();
  if (const InfoHandler next = mine.previous_with_info.load(); next != nullptr) {
    next(signum, info, context);
  } else if (const PlainHandler plain = mine.previous.load(); plain != nullptr) {
    plain(signum);
  }
  if (is_overdue) {
    // It is blocked until we return, and then meets the handler that dies.
    if (::sigaction(signum, &dispositions[signum].without_us, nullptr) == 0) static_cast<void>(::raise(signum));
  }
  errno = saved;
}

[[nodiscard]] bool IsSet(const struct sigaction& action, PlainHandler handler) noexcept {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == handler;
}

[[nodiscard]] bool IsOurs(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == OnSignal;
}

[[nodiscard]] bool AreEqual(const struct sigaction& one, const struct sigaction& other) noexcept {
  const bool has_info = (one.sa_flags & SA_SIGINFO) != 0;
  if (has_info != ((other.sa_flags & SA_SIGINFO) != 0)) return false;
  return has_info ? one.sa_sigaction == other.sa_sigaction : one.sa_handler == other.sa_handler;
}

[[nodiscard]] int Put(int signum, const struct sigaction& action) noexcept {
  return ::sigaction(signum, &action, nullptr) == 0 ? 0 : -errno;
}

[[nodiscard]] int Install(int signum) noexcept {
  struct sigaction action {};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  ::sigfillset(&action.sa_mask);  // libuv's handler, which we call, relies on it
  return Put(signum, action);
}

[[nodiscard]] int Find(int signum, struct sigaction& found) noexcept {
  return ::sigaction(signum, nullptr, &found) == 0 ? 0 : -errno;
}

// Libuv counts us no more among those who use the signal. The handle is closed when the loop has read what was written for it.
void LetGo(Disposition& mine) noexcept {
  uv_close(reinterpret_cast<uv_handle_t*>(&mine.hold),
           [](uv_handle_t* handle) { static_cast<Disposition*>(handle->data)->is_held = false; });
  while (mine.is_held) static_cast<void>(uv_run(&holding_loop, UV_RUN_NOWAIT));  // says only whether others are left
}

// Makes libuv count us among those who use the signal.
[[nodiscard]] int Hold(Disposition& mine, int signum) noexcept {
  if (!is_loop_open) {
    const int failed = uv_loop_init(&holding_loop);
    if (failed != 0) return failed;
    is_loop_open = true;
  }
  int failed = uv_signal_init(&holding_loop, &mine.hold);
  if (failed != 0) return failed;
  mine.hold.data = &mine;
  mine.is_held = true;
  const auto count = [](uv_signal_t*, int number) {
    if (number == catching) ++strays;
  };
  failed = uv_signal_start(&mine.hold, count, signum);
  if (failed != 0) LetGo(mine);
  return failed;
}

// What came on another thread while the handler was libuv's, which had nobody but us to tell.
void CountStrays(int signum) noexcept {
  strays = 0;
  catching = signum;
  static_cast<void>(uv_run(&holding_loop, UV_RUN_NOWAIT));  // says only whether there are handles left
  catching = 0;
  if (strays == 0) return;
  counters[signum].by_default.fetch_add(strays);
  counters[signum].all.fetch_add(strays);
  Tell();
}

// What a signal does that we let through. Never a handler of libuv that has nobody to tell any more, and never nothing.
[[nodiscard]] struct sigaction WithoutUs(const Disposition& mine) noexcept {
  struct sigaction action = mine.before;
  if (AreEqual(mine.before, mine.replaced) || IsSet(action, SIG_IGN)) {
    action = {};
    action.sa_handler = SIG_DFL;
  }
  return action;
}

void RememberPrevious(Counters& mine, const struct sigaction& found) noexcept {
  const bool has_info = (found.sa_flags & SA_SIGINFO) != 0;
  const bool is_code = has_info || (found.sa_handler != SIG_DFL && found.sa_handler != SIG_IGN);
  mine.previous_with_info.store(has_info ? found.sa_sigaction : nullptr);
  mine.previous.store(is_code && !has_info ? found.sa_handler : nullptr);
}

// The signals that arrive while dispositions change wait until all is in order again, on this thread.
class AllBlocked {
 public:
  AllBlocked() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    is_blocked_ = ::pthread_sigmask(SIG_SETMASK, &all, &saved_) == 0;
  }
  ~AllBlocked() {
    if (is_blocked_) static_cast<void>(::pthread_sigmask(SIG_SETMASK, &saved_, nullptr));
  }
  AllBlocked(const AllBlocked&) = delete;
  AllBlocked& operator=(const AllBlocked&) = delete;

 private:
  sigset_t saved_{};
  bool is_blocked_ = false;
};

}  // namespace

int OpenSignals(int& read_end) noexcept {
  if (write_end.load() >= 0) return -EALREADY;
  int ends[2] = {-1, -1};
  const int failed = MakePipe(ends);
  if (failed != 0) return failed;
  is_told.store(false);
  read_end = ends[0];
  write_end.store(ends[1]);
  return 0;
}

int CatchSignal(int signum) noexcept {
  if (signum <= 0 || signum >= kMostSignals) return -EINVAL;
  if (write_end.load() < 0) return -EBADF;
  Disposition& mine = dispositions[signum];
  const AllBlocked blocked;
  if (mine.is_caught) {
    struct sigaction now {};
    const int failed = Find(signum, now);
    return failed != 0 || IsOurs(now) ? failed : Install(signum);
  }
  const struct sigaction nobody {};  // SIG_DFL, which is not called
  int failed = Find(signum, mine.before);
  if (failed == 0) failed = Hold(mine, signum);
  if (failed != 0) return failed;
  failed = Find(signum, mine.replaced);
  const bool is_shared = AreEqual(mine.before, mine.replaced);  // libuv's handler was there, for somebody else
  if (failed == 0) {
    // Not shared: libuv's handler has nobody to tell yet, and we are about to ask what it heard meanwhile.
    RememberPrevious(counters[signum], is_shared ? mine.replaced : nobody);
    mine.without_us = WithoutUs(mine);
    failed = Install(signum);
  }
  if (failed != 0) {
    LetGo(mine);
    return failed;
  }
  mine.is_caught = true;
  if (!is_shared) {
    CountStrays(signum);
    RememberPrevious(counters[signum], mine.replaced);
  }
  return 0;
}

int ReleaseSignal(int signum) noexcept {
  if (signum <= 0 || signum >= kMostSignals) return -EINVAL;
  Disposition& mine = dispositions[signum];
  if (!mine.is_caught) return 0;
  mine.is_caught = false;
  SetSignalDefault(signum, false);
  const AllBlocked blocked;
  struct sigaction now {};
  struct sigaction after {};
  int failed = Find(signum, now);
  const bool was_ours = IsOurs(now);
  if (failed == 0 && was_ours) failed = Put(signum, mine.replaced);
  LetGo(mine);
  counters[signum].all.store(0);
  counters[signum].by_default.store(0);
  if (failed == 0) failed = Find(signum, after);
  // Not the default: libuv has others to tell, so its handler stays. The default: we were libuv's last, and what it
  // took the signal from comes back. If that was libuv itself, its listener is gone meanwhile: the default is right.
  if (failed != 0 || !IsSet(after, SIG_DFL)) return failed;
  if (!was_ours) return Put(signum, now);
  return AreEqual(mine.before, mine.replaced) ? 0 : Put(signum, mine.before);
}

void SetSignalDefault(int signum, bool is_on) noexcept {
  if (signum > 0 && signum < kMostSignals) counters[signum].is_default.store(is_on);
}

int TakeSignals(int read_end, Deliveries* out, int capacity) noexcept {
  char bytes[16];
  while (RetryOnSignal([&] { return ::read(read_end, bytes, sizeof bytes); }) > 0) {
  }
  is_told.store(false);
  int found = 0;
  const int most = std::min(capacity, kMostSignals);
  for (int signum = 1; signum < most; ++signum) {
    Counters& mine = counters[signum];
    constexpr std::uint32_t kMost = INT32_MAX;
    const std::uint32_t all = mine.all.exchange(0);
    const std::uint32_t by_default = all == 0 ? 0 : mine.by_default.exchange(0);
    out[signum] = {static_cast<std::int32_t>(std::min(all, kMost)), static_cast<std::int32_t>(std::min(by_default, kMost))};
    if (all > 0) ++found;
  }
  // Last: a signal that came meanwhile may lose its mark and so some patience, and none is called overdue that was taken.
  untaken_since_ms.store(0);
  return found;
}

void CloseSignals() noexcept {
  if (write_end.load() < 0) return;
  for (int signum = 1; signum < kMostSignals; ++signum) static_cast<void>(ReleaseSignal(signum));
  if (is_loop_open) is_loop_open = uv_loop_close(&holding_loop) != 0;
  // A handler that runs on another thread at this moment writes to the number it has read: the moment is short, and the
  // thread that ends here is the main one.
  UniqueFd closing(write_end.exchange(-1));
}

}  // namespace shrapnel
