// The emulated filters tell what kqueue(2) says that they tell.
#include "emulated_queue.h"

#include <csignal>
#include <cstdlib>
#include <sys/wait.h>

using namespace plumbing;

LAW("EVFILT_READ tells how many bytes wait") {
  const Ends ends = MakePair();
  const EmulatedQueue queue;
  int tag = 0;
  struct kevent change {};
  EV_SET(&change, ends.first.get(), EVFILT_READ, EV_ADD, 0, 0, &tag);
  CHECK_EQ(::kevent(queue.get(), &change, 1, nullptr, 0, nullptr), 0);
  CHECK(queue.IsEmpty());
  Write(ends.second.get(), "hello");
  const struct kevent event = queue.Take();
  CHECK_EQ(event.filter, EVFILT_READ);
  CHECK_EQ(event.ident, static_cast<std::uintptr_t>(ends.first.get()));
  CHECK_EQ(event.data, 5);
  CHECK_EQ(event.flags & (EV_EOF | EV_ERROR), 0);
  CHECK_EQ(event.udata, static_cast<void*>(&tag));
}

LAW("EVFILT_READ of a listener tells of a connection") {
  const UniqueFd listener = MakeListener();
  const UniqueFd client = MakeSocket(SOCK_STREAM);
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(listener.get(), EVFILT_READ, EV_ADD), 0);
  CHECK_EQ(ConnectTo(client.get(), listener.get()), EINPROGRESS);
  CHECK_EQ(queue.Wait().data, 1);
}

LAW("an end of file comes with the bytes before it") {
  const Ends ends = MakeConnection();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  Write(ends.second.get(), "last");
  REQUIRE(::shutdown(ends.second.get(), SHUT_WR) == 0);
  REQUIRE(AwaitBits(ends.first.get(), POLLRDHUP));
  const struct kevent event = queue.Wait();
  CHECK_EQ(event.filter, EVFILT_READ);
  CHECK_EQ(event.data, 4);
  CHECK_EQ(event.flags & EV_EOF, EV_EOF);
  CHECK_EQ(event.fflags, 0U);
  CHECK(queue.IsEmpty());
}

LAW("a reset sets EV_EOF and fflags in both directions and takes no error from the reader") {
  Ends ends = MakeConnection();
  const EmulatedQueue queue;
  const linger at_once{1, 0};
  REQUIRE(::setsockopt(ends.second.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
  ends.second.Reset();
  REQUIRE(AwaitBits(ends.first.get(), POLLRDHUP));
  for (const int filter : {EVFILT_READ, EVFILT_WRITE}) {
    CHECK_EQ(queue.Change(ends.first.get(), filter, EV_ADD | EV_CLEAR), 0);
    const struct kevent event = queue.Wait();
    CHECK_EQ(event.filter, filter);
    CHECK_EQ(event.flags & EV_EOF, EV_EOF);
    CHECK(event.fflags != 0);
  }
  char byte = 0;
  CHECK_EQ(::read(ends.first.get(), &byte, 1), -1);
  CHECK_EQ(errno, ECONNRESET);
}

LAW("EVFILT_WRITE tells how much room there is, and of the end of its reader") {
  Ends pipe = MakePipe();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(pipe.second.get(), EVFILT_WRITE, EV_ADD), 0);
  const auto room = queue.Take().data;
  Write(pipe.second.get(), "12345");
  CHECK_EQ(queue.Take().data, room - 5);
  pipe.first.Reset();
  CHECK_EQ(queue.Take().flags & EV_EOF, EV_EOF);
}

LAW("our own shutdown of a TCP connection is an end of file to EVFILT_WRITE") {
  const Ends ends = MakeConnection();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_WRITE, EV_ADD), 0);
  CHECK_EQ(queue.Wait().flags & EV_EOF, 0);
  REQUIRE(::shutdown(ends.first.get(), SHUT_WR) == 0);
  CHECK_EQ(queue.Wait().flags & EV_EOF, EV_EOF);
}

LAW("the directions of one descriptor have edges of their own") {
  const Ends ends = MakePair();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_WRITE, EV_ADD | EV_CLEAR), 0);
  CHECK_EQ(queue.Take().filter, EVFILT_WRITE);
  Write(ends.second.get(), "x");
  CHECK_EQ(queue.Take().filter, EVFILT_READ);
  CHECK(queue.IsEmpty());
}

LAW("a stream socket that was never connected has nothing to tell") {
  const UniqueFd socket = MakeSocket(SOCK_STREAM);
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(socket.get(), EVFILT_READ, EV_ADD | EV_CLEAR), 0);
  CHECK_EQ(queue.Change(socket.get(), EVFILT_WRITE, EV_ADD | EV_CLEAR), 0);
  CHECK(queue.IsEmpty());
}

LAW("EVFILT_EXCEPT tells of an urgent byte and of no other") {
  const Ends ends = MakeConnection();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(ends.first.get(), EVFILT_EXCEPT, EV_ADD | EV_CLEAR, NOTE_OOB), 0);
  Write(ends.second.get(), "x");
  REQUIRE(AwaitBits(ends.first.get(), POLLIN));
  CHECK(queue.IsEmpty());
  REQUIRE(::send(ends.second.get(), "!", 1, MSG_OOB) == 1);
  const struct kevent event = queue.Wait();
  CHECK_EQ(event.filter, EVFILT_EXCEPT);
  CHECK_EQ(event.fflags, static_cast<unsigned>(NOTE_OOB));
}

LAW("a direction for which a pipe was not opened is refused with EINVAL") {
  const Ends pipe = MakePipe();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(pipe.first.get(), EVFILT_WRITE, EV_ADD), EINVAL);
  CHECK_EQ(queue.Change(pipe.second.get(), EVFILT_READ, EV_ADD), EINVAL);
  CHECK_EQ(queue.Change(pipe.first.get(), EVFILT_EXCEPT, EV_ADD, NOTE_OOB), EINVAL);
  CHECK_EQ(queue.Change(pipe.first.get(), EVFILT_READ, EV_ADD), 0);
}

LAW("a timer counts in the unit that it was given, milliseconds if none") {
  const EmulatedQueue queue;
  const struct {
    unsigned unit;
    std::intptr_t data;
  } two_milliseconds[] = {{0, 2}, {NOTE_MSECONDS, 2}, {NOTE_USECONDS, 2'000}, {NOTE_NSECONDS, 2'000'000}};
  for (const auto& row : two_milliseconds) {
    timespec before{};
    timespec after{};
    REQUIRE(::clock_gettime(CLOCK_MONOTONIC, &before) == 0);
    CHECK_EQ(queue.Change(7, EVFILT_TIMER, EV_ADD | EV_ONESHOT, row.unit, row.data), 0);
    const struct kevent event = queue.Wait();
    REQUIRE(::clock_gettime(CLOCK_MONOTONIC, &after) == 0);
    CHECK_EQ(event.filter, EVFILT_TIMER);
    CHECK_EQ(event.data, 1);
    const std::int64_t ns =
        (after.tv_sec - before.tv_sec) * 1'000'000'000LL + (after.tv_nsec - before.tv_nsec);
    CHECK(ns >= 2'000'000);
  }
  CHECK_EQ(queue.Change(7, EVFILT_TIMER, EV_ADD, NOTE_SECONDS, 3'600), 0);
  CHECK(queue.IsEmpty());
}

LAW("a timer of zero fires at once, and one that is negative or of two units is refused") {
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(7, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 0), 0);
  CHECK_EQ(queue.Wait().data, 1);
  CHECK_EQ(queue.Change(7, EVFILT_TIMER, EV_ADD, 0, -1), EINVAL);
  CHECK_EQ(queue.Change(7, EVFILT_TIMER, EV_ADD, NOTE_SECONDS | NOTE_USECONDS, 1), EINVAL);
  CHECK_EQ(queue.Change(7, EVFILT_TIMER, EV_DELETE), ENOENT);
}

LAW("a periodic timer counts the expirations since it was last read") {
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(7, EVFILT_TIMER, EV_ADD, NOTE_USECONDS, 500), 0);
  std::intptr_t expirations = 0;
  for (int waits = 0; expirations < 5 && waits < 5; waits++) expirations += queue.Wait().data;
  CHECK(expirations >= 5);
}

LAW("a signal is counted even if it is ignored") {
  const EmulatedQueue queue;
  const int number = SIGRTMIN + 3;  // a real-time signal queues, so that the count is exact
  REQUIRE(std::signal(number, SIG_IGN) != SIG_ERR);
  CHECK_EQ(queue.Change(number, EVFILT_SIGNAL, EV_ADD), 0);
  CHECK(queue.IsEmpty());
  for (int i = 0; i < 3; i++) REQUIRE(::raise(number) == 0);
  const struct kevent event = queue.Take();
  CHECK_EQ(event.filter, EVFILT_SIGNAL);
  CHECK_EQ(event.ident, static_cast<std::uintptr_t>(number));
  CHECK_EQ(event.data, 3);
  CHECK(queue.IsEmpty());
  CHECK_EQ(queue.Change(1'000, EVFILT_SIGNAL, EV_ADD), EINVAL);
}

LAW("the exit of a process is told once, with its status, and the process is left to be reaped") {
  const EmulatedQueue queue;
  for (const bool killed : {false, true}) {
    const Ends gate = MakePipe();
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      pollfd waiting{gate.first.get(), POLLIN, 0};
      static_cast<void>(::poll(&waiting, 1, kPatienceMs));
      ::_exit(42);
    }
    CHECK_EQ(queue.Change(child, EVFILT_PROC, EV_ADD, NOTE_EXIT), 0);
    CHECK(queue.IsEmpty());
    if (killed) REQUIRE(::kill(child, SIGKILL) == 0);
    Write(gate.second.get(), "x");
    const struct kevent event = queue.Wait();
    CHECK_EQ(event.filter, EVFILT_PROC);
    CHECK_EQ(event.fflags, static_cast<unsigned>(NOTE_EXIT));
    CHECK_EQ(event.flags & EV_EOF, EV_EOF);
    CHECK(queue.IsEmpty());
    int status = 0;
    CHECK_EQ(::waitpid(child, &status, 0), child);
    CHECK_EQ(event.data, status);
    CHECK_EQ(killed ? WTERMSIG(status) : WEXITSTATUS(status), killed ? SIGKILL : 42);
    CHECK_EQ(queue.Change(child, EVFILT_PROC, EV_ADD, NOTE_EXIT), ESRCH);
  }
}

LAW("a user event fires when it is triggered, and combines flags as it is told") {
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(3, EVFILT_USER, EV_ADD | EV_CLEAR), 0);
  CHECK(queue.IsEmpty());
  CHECK_EQ(queue.Change(3, EVFILT_USER, 0, NOTE_FFCOPY | 0x5), 0);
  CHECK_EQ(queue.Change(3, EVFILT_USER, 0, NOTE_FFOR | 0x2), 0);
  CHECK(queue.IsEmpty());
  CHECK_EQ(queue.Change(3, EVFILT_USER, 0, NOTE_TRIGGER | NOTE_FFAND | 0x3, 9), 0);
  const struct kevent event = queue.Take();
  CHECK_EQ(event.filter, EVFILT_USER);
  CHECK_EQ(event.fflags, 0x3U);
  CHECK_EQ(event.data, 9);
  CHECK(queue.IsEmpty());
}

LAW("a user event without EV_CLEAR stays triggered until it is deleted") {
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(3, EVFILT_USER, EV_ADD), 0);
  CHECK_EQ(queue.Change(3, EVFILT_USER, 0, NOTE_TRIGGER), 0);
  for (int i = 0; i < 3; i++) CHECK_EQ(queue.Take().filter, EVFILT_USER);
  CHECK_EQ(queue.Change(3, EVFILT_USER, EV_DELETE), 0);
  CHECK(queue.IsEmpty());
}

LAW("an unknown filter is refused as invalid") {
  const Ends pipe = MakePipe();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(pipe.first.get(), -99, EV_ADD), EINVAL);
}
