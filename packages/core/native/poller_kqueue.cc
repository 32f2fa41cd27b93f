// The poller on kqueue. What it promises is in poller.h.
//
// Facts, from kqueue(2) of FreeBSD and macOS; where they differ, both are allowed for:
//   - A knote is named by (ident, filter): the directions of a descriptor are separate, come as separate
//     events and are refused separately. A pipe may refuse the direction that it was not opened for.
//   - With EV_CLEAR an event is reported once per change of state. EV_ADD of a knote that exists looks at the
//     file again and so may report again; nothing else happens.
//   - kevent takes a list of changes before it looks for events. A change that fails comes back in the event
//     list as EV_ERROR with the errno in `data`, if there is room; without room the whole call fails and does
//     not say at which change. A call that returns such errors has not looked for events.
//   - EV_RECEIPT makes every change come back as EV_ERROR, with 0 for success, and thereby takes no events.
//   - After EINTR the changes may have been made or not.
//   - EV_EOF on EVFILT_READ: no more will come, but what is queued can still be read; the socket's error, if
//     any, is in `fflags`. EV_EOF on EVFILT_WRITE: nothing can be sent any more, which is also said after our
//     own shutdown(2).
//   - A read from a TCP socket stops before the urgent byte. EVFILT_EXCEPT with NOTE_OOB tells of one; macOS
//     and OpenBSD have it, FreeBSD and NetBSD do not, and there nothing else tells.
//   - close(2) removes the knotes of the number. A kqueue is itself readable to another kqueue, poll or
//     select.
//
// Consequence: registrations cost no system call of their own if they travel with the next poll; but until
// then the kernel does not watch, so whoever sleeps on our descriptor must Flush first. Errors of a batch
// come when Add has long said 0.
//
// Decision: EV_ADD|EV_CLEAR for both directions, batched. Poll sends the batch when each change has room to
// fail, else Flush sends it with receipts. A refusal becomes an event that wakes both directions, except
// where the file was not opened for that direction. What Flush was refused is kept for the next Poll, and an
// EVFILT_USER event makes our descriptor readable meanwhile. An interrupted call is repeated with its
// changes, since adding twice is harmless. Where the system cannot tell of urgent bytes, every readable event
// says that there may be one: a system call more per read instead of a connection that hangs with its bytes
// unread.
#include "poller.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <new>
#include <sys/types.h>
// After sys/types.h, which older systems need first.
#include <sys/event.h>
#include <sys/time.h>
#include <utility>
#include <vector>

#include "retry.h"
#include "unique_fd.h"

namespace shrapnel {
namespace {

using Change = struct kevent;

// Past this many, Add flushes by itself: it bounds the memory and the search in Remove.
constexpr std::size_t kMaxBatchedChanges = 192;

// All of EVFILT_USER's idents are ours, so any number will do.
constexpr int kWakeIdent = 0;

constexpr std::uint32_t kWakeAll = kBroken | kReadable | kWritable;

#ifdef EVFILT_EXCEPT
constexpr std::uint32_t kPerhapsUrgent = 0;
#else
constexpr std::uint32_t kPerhapsUrgent = kUrgent;
#endif

[[nodiscard]] Change MakeChange(int ident, int filter, unsigned flags, unsigned fflags = 0) noexcept {
  // Not EV_SET: its casts differ from system to system, and so do the fields' types.
  Change change{};
  change.ident = static_cast<decltype(change.ident)>(ident);
  change.filter = static_cast<decltype(change.filter)>(filter);
  change.flags = static_cast<decltype(change.flags)>(flags);
  change.fflags = static_cast<decltype(change.fflags)>(fflags);
  return change;
}

template <typename Visit>
void ForEachFilter(Visit visit) noexcept {
  visit(EVFILT_READ, 0U);
  visit(EVFILT_WRITE, 0U);
#ifdef EVFILT_EXCEPT
  visit(EVFILT_EXCEPT, static_cast<unsigned>(NOTE_OOB));
#endif
}

[[nodiscard]] Event ToEvent(const Change& event) noexcept {
  const bool eof = (event.flags & EV_EOF) != 0;
  const int fd = static_cast<int>(event.ident);
  if (event.filter == EVFILT_WRITE) return Event{fd, eof ? kWakeAll : static_cast<std::uint32_t>(kWritable)};
  std::uint32_t readiness = kReadable | kPerhapsUrgent;
  if (eof) readiness |= kEnded;
#ifdef EVFILT_EXCEPT
  // Here `fflags` says which exception it was; only with EVFILT_READ does it hold an errno.
  if (event.filter == EVFILT_EXCEPT) return Event{fd, readiness | kUrgent};
#endif
  if (eof && event.fflags != 0) readiness |= kWakeAll;
  return Event{fd, readiness};
}

// True if the kernel refused a direction in which the descriptor cannot be used anyway, or a filter that only
// some kinds of file have.
[[nodiscard]] bool IsHarmlessRefusal(const Change& refusal) noexcept {
  if (refusal.data == EBADF || refusal.data == ENOMEM) return false;
#ifdef EVFILT_EXCEPT
  if (refusal.filter == EVFILT_EXCEPT) return true;
#endif
  const int flags = ::fcntl(static_cast<int>(refusal.ident), F_GETFL);
  if (flags == -1) return false;
  return (flags & O_ACCMODE) == (refusal.filter == EVFILT_WRITE ? O_RDONLY : O_WRONLY);
}

class KqueuePoller final : public Poller {
 public:
  explicit KqueuePoller(UniqueFd queue) noexcept : queue_(std::move(queue)) {}

  [[nodiscard]] int descriptor() const noexcept override { return queue_.get(); }

  [[nodiscard]] int Add(int fd) noexcept override {
    if (fd < 0) return -EBADF;
    ForEachFilter([&](int filter, unsigned fflags) {
      changes_.push_back(MakeChange(fd, filter, EV_ADD | EV_CLEAR, fflags));
    });
    return changes_.size() < kMaxBatchedChanges ? 0 : Flush();
  }

  [[nodiscard]] int Remove(int fd) noexcept override {
    if (fd < 0) return -EBADF;
    const auto ident = static_cast<decltype(Change::ident)>(fd);
    changes_.erase(std::remove_if(changes_.begin(), changes_.end(),
                                  [&](const Change& change) { return change.ident == ident; }),
                   changes_.end());
    refused_.erase(std::remove_if(refused_.begin(), refused_.end(),
                                  [&](const Event& event) { return event.fd == fd; }),
                   refused_.end());
    removals_.clear();
    ForEachFilter([&](int filter, unsigned) {
      removals_.push_back(MakeChange(fd, filter, EV_DELETE | EV_RECEIPT));
    });
    const int receipts = Send(removals_);
    if (receipts < 0) return receipts;
    for (int i = 0; i < receipts; i++) {
      const auto error = events_[static_cast<std::size_t>(i)].data;
      // ENOENT: not registered. EINVAL and ENOTSUP: this kind of file has no such filter.
      if (error != 0 && error != ENOENT && error != EINVAL && error != ENOTSUP)
        return -static_cast<int>(error);
    }
    return 0;
  }

  [[nodiscard]] int Flush() noexcept override {
    if (changes_.empty()) return 0;
    for (Change& change : changes_) change.flags |= EV_RECEIPT;
    const int receipts = Send(changes_);
    if (receipts < 0) return receipts;
    changes_.clear();
    const std::size_t before = refused_.size();
    for (int i = 0; i < receipts; i++) {
      const Change& receipt = events_[static_cast<std::size_t>(i)];
      if (receipt.data == 0 || IsHarmlessRefusal(receipt)) continue;
      refused_.push_back(Event{static_cast<std::int32_t>(receipt.ident), kWakeAll});
    }
    return refused_.size() == before ? 0 : Wake(0, NOTE_TRIGGER);
  }

  [[nodiscard]] bool has_pending() const noexcept override { return !changes_.empty(); }

  [[nodiscard]] int Poll(Event* out, int capacity) noexcept override {
    if (capacity < 1) return -EINVAL;
    if (changes_.size() + refused_.size() > static_cast<std::size_t>(capacity)) {
      const int error = Flush();
      if (error != 0) return error;
    }
    int count = TakeRefused(out, capacity);
    while (count < capacity) {
      const int found = Exchange(capacity - count);
      // Edges that were taken already would be lost with an error; the error will still be there next time.
      if (found < 0) return count > 0 ? count : found;
      bool took_refusals = false;
      for (int i = 0; i < found; i++) {
        const Change& event = events_[static_cast<std::size_t>(i)];
        if ((event.flags & EV_ERROR) != 0) {
          took_refusals = true;
          if (event.data == 0 || IsHarmlessRefusal(event)) continue;
          out[count++] = Event{static_cast<std::int32_t>(event.ident), kWakeAll};
        } else if (event.filter != EVFILT_USER) {
          out[count++] = ToEvent(event);
        }
      }
      if (!took_refusals) break;
    }
    return count;
  }

  // Makes or triggers the event that stands for refused_ in the kernel.
  [[nodiscard]] int Wake(unsigned flags, unsigned fflags) noexcept {
    const Change change = MakeChange(kWakeIdent, EVFILT_USER, flags, fflags);
    const timespec at_once{};
    const int result =
        RetryOnSignal([&] { return ::kevent(queue_.get(), &change, 1, nullptr, 0, &at_once); });
    return result == -1 ? -errno : 0;
  }

 private:
  // Sends changes that all carry EV_RECEIPT. The number of receipts, now in events_, or -errno.
  [[nodiscard]] int Send(const std::vector<Change>& changes) noexcept {
    return Call(changes, static_cast<int>(changes.size()));
  }

  // Sends the batch, which is not longer than `room`, and looks for events.
  [[nodiscard]] int Exchange(int room) noexcept {
    const int found = Call(changes_, room);
    if (found >= 0) changes_.clear();
    return found;
  }

  [[nodiscard]] int Call(const std::vector<Change>& changes, int room) noexcept {
    if (events_.size() < static_cast<std::size_t>(room)) events_.resize(static_cast<std::size_t>(room));
    const timespec at_once{};
    const int count = static_cast<int>(changes.size());
    const int found = RetryOnSignal(
        [&] { return ::kevent(queue_.get(), changes.data(), count, events_.data(), room, &at_once); });
    return found == -1 ? -errno : found;
  }

  [[nodiscard]] int TakeRefused(Event* out, int capacity) noexcept {
    const std::size_t count = std::min(refused_.size(), static_cast<std::size_t>(capacity));
    std::copy_n(refused_.begin(), count, out);
    refused_.erase(refused_.begin(), refused_.begin() + static_cast<std::ptrdiff_t>(count));
    return static_cast<int>(count);
  }

  UniqueFd queue_;
  std::vector<Change> changes_;   // batched, not yet known to the kernel
  std::vector<Change> removals_;  // kept only for its memory
  std::vector<Change> events_;    // what the last call returned
  std::vector<Event> refused_;    // refusals that no Poll has reported yet
};

}  // namespace

std::unique_ptr<Poller> MakePoller() noexcept {
  UniqueFd queue(::kqueue());
  if (!queue.valid() || ::fcntl(queue.get(), F_SETFD, FD_CLOEXEC) == -1) return nullptr;
  std::unique_ptr<KqueuePoller> poller(new (std::nothrow) KqueuePoller(std::move(queue)));
  if (!poller) return nullptr;
  const int error = poller->Wake(EV_ADD | EV_CLEAR, 0);
  if (error == 0) return poller;
  poller.reset();
  errno = -error;
  return nullptr;
}

}  // namespace shrapnel
