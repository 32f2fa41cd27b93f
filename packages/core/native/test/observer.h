// A poller under test together with what it has said so far. It waits as a host's loop does: flush, sleep on
// the poller's descriptor, poll.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>

#include "../poller.h"
#include "plumbing.h"

namespace plumbing {

class Observer {
 public:
  Observer() : poller_(shrapnel::MakePoller()) { REQUIRE(poller_ != nullptr); }

  shrapnel::Poller& operator*() { return *poller_; }
  shrapnel::Poller* operator->() { return poller_.get(); }

  void Add(const UniqueFd& fd) { REQUIRE(poller_->Add(fd.get()) == 0); }
  void Remove(const UniqueFd& fd) { REQUIRE(poller_->Remove(fd.get()) == 0); }

  // One call of Poll: what it said of each descriptor.
  std::map<int, std::uint32_t> Take() {
    std::array<shrapnel::Event, 512> events;
    const int count = poller_->Poll(events.data(), static_cast<int>(events.size()));
    REQUIRE(count >= 0);
    std::map<int, std::uint32_t> said;
    for (int i = 0; i < count; i++) {
      const shrapnel::Event& event = events[static_cast<std::size_t>(i)];
      said[event.fd] |= event.readiness;
    }
    return said;
  }

  // Whether all of `wanted` is said of `fd` before patience ends. Other descriptors' events are let go.
  bool Hears(const UniqueFd& fd, std::uint32_t wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
    std::uint32_t heard = 0;
    for (;;) {
      REQUIRE(poller_->Flush() == 0);
      heard |= Take()[fd.get()];
      if ((heard & wanted) == wanted) return true;
      if (std::chrono::steady_clock::now() >= deadline) return false;
      pollfd sleeping{poller_->descriptor(), POLLIN, 0};
      // A slice only: the outcome is Poll's to tell, and the deadline's.
      static_cast<void>(::poll(&sleeping, 1, 50));
    }
  }

  // Lets go of what is ready, so that the next event is news. A poller that never falls silent ends the test.
  void Settle() {
    int polls = 0;
    while (!Take().empty()) REQUIRE(++polls < 20);
  }

 private:
  std::unique_ptr<shrapnel::Poller> poller_;
};

}  // namespace plumbing
