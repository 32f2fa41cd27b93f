// A kqueue for the emulation's own tests: one change or one event at a time.
#pragma once

#include <sys/event.h>

#include "plumbing.h"

namespace plumbing {

class EmulatedQueue {
 public:
  EmulatedQueue() : queue_(::kqueue()) { REQUIRE(queue_.valid()); }

  [[nodiscard]] int get() const { return queue_.get(); }
  void Close() { queue_.Reset(); }

  // 0, or the errno with which a change is refused.
  [[nodiscard]] int Change(int ident, int filter, unsigned flags, unsigned fflags = 0,
                           std::intptr_t data = 0) const {
    struct kevent change {};
    EV_SET(&change, ident, filter, flags, fflags, data, nullptr);
    return ::kevent(queue_.get(), &change, 1, nullptr, 0, nullptr) == 0 ? 0 : errno;
  }

  // The next pending event; if there is none, one with filter 0.
  [[nodiscard]] struct kevent Take() const {
    const timespec at_once{};
    return Next(&at_once);
  }

  // The next event, for which it waits.
  [[nodiscard]] struct kevent Wait() const {
    const timespec patience{kPatienceMs / 1'000, 0};
    return Next(&patience);
  }

  [[nodiscard]] bool IsEmpty() const { return Take().filter == 0; }

 private:
  [[nodiscard]] struct kevent Next(const timespec* timeout) const {
    struct kevent event {};
    const int count = ::kevent(queue_.get(), nullptr, 0, &event, 1, timeout);
    REQUIRE(count >= 0);
    return event;
  }

  UniqueFd queue_;
};

}  // namespace plumbing
