// One emulated kqueue: its knotes and the epoll sets behind them. Not thread-safe: kqueue.cc holds a lock
// around it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <sys/epoll.h>
#include <sys/event.h>
#include <utility>
#include <vector>

#include "knote.h"
#include "vnodes.h"

namespace kqueue_emulation {

class Queue {
 public:
  // `descriptor` is the epoll set that the user holds as the kqueue; it stays the user's to close.
  explicit Queue(int descriptor) noexcept : descriptor_(descriptor) {}

  // Makes the sets behind it. 0 or an errno.
  [[nodiscard]] int Open() noexcept;

  // One change. 0 or an errno.
  [[nodiscard]] int Apply(const struct kevent& change) noexcept;

  // What is pending, at most `room` events. Does not wait. The count.
  [[nodiscard]] int Collect(struct kevent* events, int room) noexcept;

  // `fd` is about to be closed.
  void Forget(int fd) noexcept;

 private:
  using Key = std::pair<int, std::uintptr_t>;  // filter, ident
  using Knotes = std::map<Key, Knote>;         // a map, because the epoll sets hold addresses of its values

  [[nodiscard]] int Attach(const struct kevent& change, Knotes::iterator knote) noexcept;
  [[nodiscard]] int Update(const struct kevent& change, Knote& knote) noexcept;
  [[nodiscard]] int Watch(Knote& knote, bool added) noexcept;
  void Unwatch(Knote& knote) noexcept;
  void Drop(Knotes::iterator knote) noexcept;
  [[nodiscard]] int OpenVnodes() noexcept;
  [[nodiscard]] int SetFor(const Knote& knote) const noexcept;
  [[nodiscard]] int CollectDirection(std::size_t direction, struct kevent* events, int room) noexcept;
  [[nodiscard]] bool Deliver(Knotes::iterator knote, std::uint32_t epoll_events,
                             struct kevent& event) noexcept;

  int descriptor_;
  // One set for each filter of a descriptor, all inside descriptor_. One set for all would mix their edges:
  // an event would say what else is true of the file, which a BSD kernel does not, and level and edge could
  // not be had at once.
  std::array<HiddenFd, 3> directions_;
  Vnodes vnodes_;  // inside descriptor_ once it is open
  Knotes knotes_;
  std::vector<epoll_event> ready_;  // kept only for its memory
  std::size_t turn_ = 0;
};

}  // namespace kqueue_emulation
