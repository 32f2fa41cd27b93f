// The contract of a poller: which descriptors may make progress now. It holds on every system; each back end
// (poller_epoll.cc, poller_kqueue.cc) implements all of it, the build chooses one, and test/poller_test.cc
// runs against the chosen one. It reads and writes nothing and closes nothing but its own descriptor.
//
// What a user may rely on
//   1. Edges. A registration lasts until Remove, covers both directions, and speaks when something changed
//      since it last spoke. Whoever is told must try until the kernel says EAGAIN. For a TCP connection, a short
//      read also means "drained", unless kEnded, kBroken or kUrgent was ever reported: then only EAGAIN, 0 or
//      an error does. Not for a UNIX socket: a message that carries descriptors ends a read (unix(7)).
//   2. What is ready when a descriptor is added counts as a change.
//   3. Every bit is a reason to try and never a verdict: a bit can be untrue (another thread was faster, the
//      number was reused, we shut down our own side). A bit that is true is not left out.
//   4. One descriptor may appear twice in a batch, with different bits. After its Remove it appears in no
//      later batch; a batch already handed out is not changed.
//   5. Adding a registered descriptor again is allowed and reports again what is ready.
//   6. A number may be closed and used for another file at once, provided that Remove came before the close.
// What a back end may differ in
//   a. A kernel that takes registrations in batches refuses late: Add says 0, and a kBroken event follows,
//      whose waiters then meet the true error in their own system call. Until Flush or Poll it does not watch
//      either.
//   b. A TCP socket that was never told to connect or listen is kBroken to epoll and silent to kqueue. Add a
//      connecting socket after connect(2) was called.
//   c. A local shutdown(SHUT_WR) may be reported as kBroken.
// One thread uses a poller. Nothing here throws; memory that cannot be had ends the process, as in Node
// itself.
#pragma once

#include <cstdint>
#include <memory>

namespace shrapnel {

// What a descriptor may do now, as bits that JavaScript reads too.
enum Readiness : std::uint32_t {
  kReadable = 1,
  kWritable = 2,
  kEnded = 4,    // the peer will send no more; comes with kReadable
  kBroken = 8,   // an error or a hang-up; comes with both directions, so that all waiters wake
  kUrgent = 16,  // there may be an out-of-band byte, and a read stops short before it; comes with kReadable
};

// JavaScript reads an array of these in place, as pairs of 32-bit words.
struct Event {
  std::int32_t fd;
  std::uint32_t readiness;
};
static_assert(sizeof(Event) == 8 && alignof(Event) == 4);

class Poller {
 public:
  Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  virtual ~Poller() = default;

  // Readable while Poll would return events, for the host's loop to watch. Registrations that wait for Flush
  // do not count. Ours to close.
  [[nodiscard]] virtual int descriptor() const noexcept = 0;

  // Both directions, edge-triggered, once per descriptor. 0 or -errno.
  [[nodiscard]] virtual int Add(int fd) noexcept = 0;

  // Forgets `fd`, also what was only batched for it. Before its number is closed. 0 also if it was not
  // registered; -EBADF if the number is closed already, which is the caller's mistake.
  [[nodiscard]] virtual int Remove(int fd) noexcept = 0;

  // Hands batched registrations to the kernel and takes no event. To be called before the host's loop sleeps.
  // 0 or -errno; a refusal of one descriptor is not an error of Flush but an event of the next Poll.
  [[nodiscard]] virtual int Flush() noexcept = 0;

  // True if Flush has work.
  [[nodiscard]] virtual bool has_pending() const noexcept = 0;

  // Flushes, then fills at most `capacity` (1 or more) events. Never blocks. The count, or -errno.
  [[nodiscard]] virtual int Poll(Event* out, int capacity) noexcept = 0;
};

// The poller of the back end that was built in. Null with errno set if the kernel refuses one.
[[nodiscard]] std::unique_ptr<Poller> MakePoller() noexcept;

}  // namespace shrapnel
