// A kqueue inside a kqueue, as a library does that keeps one of its own: the inner one's descriptor is to
// EVFILT_READ what any other is. Also where epoll watches the outer one, which is how libuv does here.
#include "emulated_queue.h"

#include <csignal>
#include <sys/epoll.h>
#include <sys/wait.h>

using namespace plumbing;

namespace {

// An outer queue that watches an inner one, below an epoll set.
struct Nest {
  explicit Nest(unsigned flags) {
    epoll_event event{};
    event.events = EPOLLIN;
    REQUIRE(::epoll_ctl(host.get(), EPOLL_CTL_ADD, outer.get(), &event) == 0);
    REQUIRE(outer.Change(inner.get(), EVFILT_READ, EV_ADD | flags) == 0);
    CHECK(!IsReadableNow(host.get()));
  }

  [[nodiscard]] bool IsTold() const {
    const bool readable = IsReadableNow(host.get());
    const struct kevent event = outer.Take();
    const bool told = event.filter == EVFILT_READ && event.ident == static_cast<std::uintptr_t>(inner.get());
    CHECK(readable || !told);
    return told;
  }

  void Trigger(int ident) const { CHECK_EQ(inner.Change(ident, EVFILT_USER, 0, NOTE_TRIGGER), 0); }

  const UniqueFd host{::epoll_create1(EPOLL_CLOEXEC)};
  const EmulatedQueue outer;
  EmulatedQueue inner;
};

}  // namespace

LAW("with EV_CLEAR an inner queue is told when it gets an event, not while it has one") {
  const Nest nest(EV_CLEAR);
  for (const int ident : {1, 2}) CHECK_EQ(nest.inner.Change(ident, EVFILT_USER, EV_ADD | EV_CLEAR), 0);
  nest.Trigger(1);
  CHECK(nest.IsTold());
  CHECK(!nest.IsTold());
  CHECK_EQ(nest.inner.Take().ident, 1U);
  CHECK(!nest.IsTold());
  nest.Trigger(1);
  CHECK(nest.IsTold());
  nest.Trigger(2);  // beside one that nobody took
  CHECK(nest.IsTold());
  CHECK(!nest.IsTold());
}

LAW("without EV_CLEAR an inner queue is told as long as it has an event") {
  const Nest nest(0);
  CHECK_EQ(nest.inner.Change(1, EVFILT_USER, EV_ADD), 0);
  CHECK(!nest.IsTold());
  nest.Trigger(1);
  for (int i = 0; i < 3; i++) CHECK(nest.IsTold());
  CHECK_EQ(nest.inner.Take().ident, 1U);
  CHECK(nest.IsTold());  // a level inside as well: it is still triggered
  CHECK_EQ(nest.inner.Change(1, EVFILT_USER, EV_DELETE), 0);
  CHECK(!nest.IsTold());
}

LAW("an inner queue that has an event when it is added is told, with EV_CLEAR and without") {
  for (const unsigned flags : {static_cast<unsigned>(EV_CLEAR), 0U}) {
    const EmulatedQueue inner;
    const EmulatedQueue outer;
    CHECK_EQ(inner.Change(1, EVFILT_USER, EV_ADD), 0);
    CHECK_EQ(inner.Change(1, EVFILT_USER, 0, NOTE_TRIGGER), 0);
    CHECK_EQ(outer.Change(inner.get(), EVFILT_READ, EV_ADD | flags), 0);
    CHECK_EQ(outer.Take().ident, static_cast<std::uintptr_t>(inner.get()));
    CHECK_EQ(outer.IsEmpty(), flags == EV_CLEAR);
  }
}

LAW("an inner queue passes on what a descriptor in it has, an edge for each change") {
  const Ends ends = MakePair();
  for (const unsigned flags : {static_cast<unsigned>(EV_CLEAR), 0U}) {
    const Nest nest(EV_CLEAR);
    CHECK_EQ(nest.inner.Change(ends.first.get(), EVFILT_READ, EV_ADD | flags), 0);
    for (int i = 0; i < 3; i++) {
      Write(ends.second.get(), "x");
      CHECK(nest.IsTold());
      CHECK(!nest.IsTold());
      CHECK_EQ(nest.inner.Take().ident, static_cast<std::uintptr_t>(ends.first.get()));
    }
    Drain(ends.first.get());
  }
}

LAW("an inner queue passes on the end of a process") {
  const Nest nest(EV_CLEAR);
  for (int i = 0; i < 3; i++) {
    const Ends gate = MakePipe();
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      pollfd waiting{gate.first.get(), POLLIN, 0};
      static_cast<void>(::poll(&waiting, 1, kPatienceMs));
      ::_exit(0);
    }
    CHECK_EQ(nest.inner.Change(child, EVFILT_PROC, EV_ADD, NOTE_EXIT), 0);
    CHECK(!nest.IsTold());
    Write(gate.second.get(), "x");
    CHECK_EQ(nest.outer.Wait().ident, static_cast<std::uintptr_t>(nest.inner.get()));
    CHECK(!nest.IsTold());
    CHECK_EQ(nest.inner.Take().ident, static_cast<std::uintptr_t>(child));
    CHECK(nest.inner.IsEmpty());
    CHECK_EQ(::waitpid(child, nullptr, 0), child);
  }
}

LAW("an inner queue passes on what a file in it tells") {
  std::string path = TemporaryTemplate();
  const UniqueFd file(::mkstemp(path.data()));
  REQUIRE(file.valid() && ::unlink(path.c_str()) == 0);
  const Nest nest(EV_CLEAR);
  CHECK_EQ(nest.inner.Change(file.get(), EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_WRITE), 0);
  for (int i = 0; i < 3; i++) {
    Write(file.get(), "x");
    CHECK(nest.IsTold());
    CHECK(!nest.IsTold());
    CHECK_EQ(nest.inner.Take().fflags, static_cast<unsigned>(NOTE_WRITE));
    CHECK(nest.inner.IsEmpty());
  }
}

LAW("a disabled event of an inner queue is told to nobody") {
  const Nest nest(EV_CLEAR);
  CHECK_EQ(nest.inner.Change(1, EVFILT_USER, EV_ADD | EV_CLEAR), 0);
  CHECK_EQ(nest.inner.Change(1, EVFILT_USER, EV_DISABLE), 0);
  nest.Trigger(1);
  CHECK(!nest.IsTold());
  CHECK_EQ(nest.inner.Change(1, EVFILT_USER, EV_ENABLE), 0);
  CHECK(nest.IsTold());
}

LAW("an inner queue that is closed ends its event in the outer one") {
  Nest nest(0);
  CHECK_EQ(nest.inner.Change(1, EVFILT_USER, EV_ADD), 0);
  nest.Trigger(1);
  CHECK(nest.IsTold());
  const int number = nest.inner.get();
  nest.inner.Close();
  CHECK(nest.outer.IsEmpty());
  CHECK_EQ(nest.outer.Change(number, EVFILT_READ, EV_DELETE), EBADF);
}

LAW("an inner queue can be read and not written") {
  const EmulatedQueue inner;
  const EmulatedQueue outer;
  CHECK_EQ(outer.Change(inner.get(), EVFILT_WRITE, EV_ADD), EINVAL);
  CHECK_EQ(outer.Change(inner.get(), EVFILT_READ, EV_ADD), 0);
}
