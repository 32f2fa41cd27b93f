// The emulated kevent(2) itself: flags, refusals, receipts, time, and what becomes of a knote when a number
// is closed.
#include "emulated_queue.h"

#include <array>
#include <csignal>
#include <pthread.h>
#include <set>
#include <vector>

using namespace plumbing;

LAW("an event without EV_CLEAR is told as long as it is true") {
  const Ends ends = MakePair();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_READ, EV_ADD), 0);
  Write(ends.second.get(), "x");
  for (int i = 0; i < 3; i++) CHECK_EQ(queue.Take().filter, EVFILT_READ);
  Drain(ends.first.get());
  CHECK(queue.IsEmpty());
}

LAW("an event with EV_CLEAR is told once for each change") {
  const Ends ends = MakePair();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  for (int i = 1; i < 4; i++) {
    Write(ends.second.get(), "x");
    CHECK_EQ(queue.Take().data, i);
    CHECK(queue.IsEmpty());
  }
}

LAW("one filter of a descriptor may be an edge and the other a level") {
  const Ends ends = MakePair();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_WRITE, EV_ADD), 0);
  Write(ends.second.get(), "x");
  std::multiset<int> filters;
  for (int i = 0; i < 4; i++) filters.insert(queue.Take().filter);
  CHECK_EQ(filters.count(EVFILT_READ), 1U);
  CHECK_EQ(filters.count(EVFILT_WRITE), 3U);
}

LAW("EV_ONESHOT deletes an event when it is told") {
  const Ends ends = MakePair();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_WRITE, EV_ADD | EV_ONESHOT), 0);
  CHECK_EQ(queue.Take().filter, EVFILT_WRITE);
  CHECK(queue.IsEmpty());
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_WRITE, EV_ENABLE), ENOENT);
}

LAW("EV_DISPATCH disables an event when it is told, until it is enabled") {
  const Ends ends = MakePair();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_WRITE, EV_ADD | EV_DISPATCH), 0);
  for (int i = 0; i < 2; i++) {
    CHECK_EQ(queue.Take().filter, EVFILT_WRITE);
    CHECK(queue.IsEmpty());
    CHECK_EQ(queue.Change(ends.first.get(), EVFILT_WRITE, EV_ENABLE), 0);
  }
}

LAW("a disabled event is kept and not told") {
  const Ends ends = MakePair();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_READ, EV_ADD | EV_DISABLE), 0);
  Write(ends.second.get(), "x");
  CHECK(queue.IsEmpty());
  CHECK(!IsReadableNow(queue.get()));
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_READ, EV_ENABLE), 0);
  CHECK_EQ(queue.Take().data, 1);
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_READ, EV_DISABLE), 0);
  CHECK(queue.IsEmpty());
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_READ, EV_ADD), 0);
  CHECK_EQ(queue.Take().data, 1);
}

LAW("adding an event again changes it and makes no second one") {
  const Ends ends = MakePair();
  const EmulatedQueue queue;
  Write(ends.second.get(), "x");
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_READ, EV_ADD), 0);
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  CHECK_EQ(queue.Take().data, 1);
  CHECK(queue.IsEmpty());
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_READ, EV_DELETE), 0);
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_READ, EV_DELETE), ENOENT);
}

LAW("refusals come in the event list, and a call that has any looks for no event") {
  const Ends ends = MakePair();
  const Ends pipe = MakePipe();
  const EmulatedQueue queue;
  std::array<struct kevent, 3> changes{};
  std::array<struct kevent, 4> events{};
  EV_SET(&changes[0], ends.first.get(), EVFILT_WRITE, EV_ADD, 0, 0, nullptr);
  EV_SET(&changes[1], pipe.first.get(), EVFILT_WRITE, EV_ADD, 0, 0, nullptr);
  EV_SET(&changes[2], 1'000, EVFILT_READ, EV_ADD, 0, 0, nullptr);
  const timespec at_once{};
  CHECK_EQ(::kevent(queue.get(), changes.data(), 3, events.data(), 4, &at_once), 2);
  CHECK_EQ(events[0].flags, EV_ERROR);
  CHECK_EQ(events[0].ident, static_cast<std::uintptr_t>(pipe.first.get()));
  CHECK_EQ(events[0].data, EINVAL);
  CHECK_EQ(events[1].flags, EV_ERROR);
  CHECK_EQ(events[1].data, EBADF);
  CHECK_EQ(queue.Take().ident, static_cast<std::uintptr_t>(ends.first.get()));
}

LAW("a refusal without room fails the call and leaves the changes behind it undone") {
  const Ends ends = MakePair();
  const EmulatedQueue queue;
  std::array<struct kevent, 2> changes{};
  EV_SET(&changes[0], 1'000, EVFILT_READ, EV_ADD, 0, 0, nullptr);
  EV_SET(&changes[1], ends.first.get(), EVFILT_WRITE, EV_ADD, 0, 0, nullptr);
  CHECK_EQ(::kevent(queue.get(), changes.data(), 2, nullptr, 0, nullptr), -1);
  CHECK_EQ(errno, EBADF);
  CHECK(queue.IsEmpty());
}

LAW("EV_RECEIPT answers every change and takes no event") {
  const Ends ends = MakePair();
  const EmulatedQueue queue;
  std::array<struct kevent, 2> list{};
  EV_SET(&list[0], ends.first.get(), EVFILT_WRITE, EV_ADD | EV_RECEIPT, 0, 0, nullptr);
  EV_SET(&list[1], ends.first.get(), EVFILT_READ, EV_DELETE | EV_RECEIPT, 0, 0, nullptr);
  CHECK_EQ(::kevent(queue.get(), list.data(), 2, list.data(), 2, nullptr), 2);
  CHECK_EQ(list[0].flags, EV_ERROR);
  CHECK_EQ(list[0].data, 0);
  CHECK_EQ(list[1].data, ENOENT);
  CHECK_EQ(queue.Take().filter, EVFILT_WRITE);
}

LAW("the descriptor of a queue is readable while an event is pending, also inside another queue") {
  const Ends ends = MakePair();
  const EmulatedQueue inner;
  const EmulatedQueue outer;
  CHECK_EQ(outer.Change(inner.get(), EVFILT_READ, EV_ADD), 0);
  CHECK_EQ(inner.Change(ends.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  CHECK(!IsReadableNow(inner.get()));
  CHECK(outer.IsEmpty());
  Write(ends.second.get(), "x");
  CHECK(IsReadableNow(inner.get()));
  CHECK_EQ(outer.Take().ident, static_cast<std::uintptr_t>(inner.get()));
  CHECK_EQ(inner.Take().data, 1);
  CHECK(!IsReadableNow(inner.get()));
  CHECK(outer.IsEmpty());
}

LAW("kevent waits as long as its timeout says") {
  const EmulatedQueue queue;
  struct kevent event {};
  const timespec short_time{0, 3'000'000};
  timespec before{};
  timespec after{};
  REQUIRE(::clock_gettime(CLOCK_MONOTONIC, &before) == 0);
  CHECK_EQ(::kevent(queue.get(), nullptr, 0, &event, 1, &short_time), 0);
  REQUIRE(::clock_gettime(CLOCK_MONOTONIC, &after) == 0);
  CHECK((after.tv_sec - before.tv_sec) * 1'000'000'000LL + (after.tv_nsec - before.tv_nsec) >= 3'000'000);
}

LAW("a signal handler interrupts a kevent that waits") {
  const EmulatedQueue queue;
  struct sigaction action {};
  action.sa_handler = [](int) {};
  REQUIRE(::sigaction(SIGUSR1, &action, nullptr) == 0);
  // Repeated from a timer, so that a signal which comes before the wait has begun is not the only one.
  timer_t timer{};
  sigevent notification{};
  notification.sigev_notify = SIGEV_SIGNAL;
  notification.sigev_signo = SIGUSR1;
  REQUIRE(::timer_create(CLOCK_MONOTONIC, &notification, &timer) == 0);
  itimerspec often{};
  often.it_value.tv_nsec = often.it_interval.tv_nsec = 2'000'000;
  REQUIRE(::timer_settime(timer, 0, &often, nullptr) == 0);
  struct kevent event {};
  const timespec patience{kPatienceMs / 1'000, 0};
  const int result = ::kevent(queue.get(), nullptr, 0, &event, 1, &patience);
  const int error = errno;
  REQUIRE(::timer_delete(timer) == 0);
  CHECK_EQ(result, -1);
  CHECK_EQ(error, EINTR);
}

LAW("a busy filter does not starve another when there is room for one event only") {
  std::vector<Ends> pipes;
  const EmulatedQueue queue;
  for (int i = 0; i < 5; i++) {
    pipes.push_back(MakePipe());
    Write(pipes.back().second.get(), "x");
    CHECK_EQ(queue.Change(pipes.back().first.get(), EVFILT_READ, EV_ADD), 0);
    CHECK_EQ(queue.Change(pipes.back().second.get(), EVFILT_WRITE, EV_ADD), 0);
  }
  CHECK_EQ(queue.Change(1, EVFILT_USER, EV_ADD), 0);
  CHECK_EQ(queue.Change(1, EVFILT_USER, 0, NOTE_TRIGGER), 0);
  std::set<std::pair<int, std::uintptr_t>> told;
  for (int i = 0; i < 100; i++) {
    const struct kevent event = queue.Take();
    told.emplace(event.filter, event.ident);
  }
  CHECK_EQ(told.size(), 11U);
}

LAW("closing a number removes its events, even if a duplicate keeps the file open") {
  Ends ends = MakePair();
  const EmulatedQueue queue;
  const int number = ends.first.get();
  const UniqueFd duplicate(::dup(number));
  CHECK_EQ(queue.Change(number, EVFILT_READ, EV_ADD), 0);
  ends.first.Reset();
  Write(ends.second.get(), "x");
  CHECK(queue.IsEmpty());
  CHECK(!IsReadableNow(queue.get()));
  CHECK_EQ(queue.Change(number, EVFILT_READ, EV_DELETE), EBADF);
}

LAW("a number that was closed behind the emulation's back can be added, and cannot be deleted") {
  const Ends fresh = MakePair();
  const EmulatedQueue queue;
  for (const bool add : {true, false}) {
    Ends old = MakePair();
    const int number = old.first.get();
    CHECK_EQ(queue.Change(number, EVFILT_READ, EV_ADD), 0);
    // dup2 closes the old file of the number without a call of close.
    REQUIRE(::dup2(fresh.first.get(), number) == number);
    CHECK_EQ(queue.Change(number, EVFILT_READ, add ? EV_ADD : EV_ENABLE), add ? 0 : ENOENT);
    Write(fresh.second.get(), "x");
    CHECK_EQ(queue.IsEmpty(), !add);
    Drain(fresh.first.get());
  }
}

LAW("a queue that is closed leaves no descriptor and is no queue any more") {
  const int before = CountOpenDescriptors();
  EmulatedQueue queue;
  CHECK_EQ(queue.Change(1, EVFILT_USER, EV_ADD), 0);
  CHECK_EQ(queue.Change(1, EVFILT_TIMER, EV_ADD, 0, 1'000), 0);
  const int number = queue.get();
  queue.Close();
  CHECK_EQ(CountOpenDescriptors(), before);
  const timespec at_once{};
  struct kevent event {};
  CHECK_EQ(::kevent(number, nullptr, 0, &event, 1, &at_once), -1);
  CHECK_EQ(errno, EBADF);
}
