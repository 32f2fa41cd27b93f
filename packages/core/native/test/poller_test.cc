// What a poller says, and when: the laws of poller.h that concern events, for whichever back end is built in.
#include "observer.h"

#include <thread>
#include <vector>

using namespace plumbing;
using namespace shrapnel;

LAW("a descriptor that is ready when it is added is reported") {
  const Ends ends = MakePair();
  Write(ends.second.get(), "x");
  Observer poller;
  poller.Add(ends.first);
  CHECK(poller.Hears(ends.first, kReadable | kWritable));
}

LAW("nothing ready is no event and no wait") {
  const Ends ends = MakePipe();
  Observer poller;
  CHECK(poller.Take().empty());
  poller.Add(ends.first);
  CHECK(poller.Take().empty());
}

LAW("an edge is reported once, however many bytes stay unread") {
  const Ends ends = MakePair();
  Observer poller;
  poller.Add(ends.first);
  poller.Settle();
  Write(ends.second.get(), "x");
  CHECK(poller.Hears(ends.first, kReadable));
  CHECK(poller.Take().empty());
  CHECK_EQ(Read(ends.first.get()), "x");
  CHECK(poller.Take().empty());
}

LAW("bytes that arrive behind unread bytes are an edge of their own") {
  const Ends ends = MakePair();
  Observer poller;
  poller.Add(ends.first);
  poller.Settle();
  for (int i = 0; i < 3; i++) {
    Write(ends.second.get(), "x");
    CHECK(poller.Hears(ends.first, kReadable));
  }
}

LAW("room that returns after EAGAIN is reported as writable") {
  const Ends ends = MakePair();
  Observer poller;
  poller.Add(ends.first);
  poller.Settle();
  Fill(ends.first.get());
  poller.Settle();
  Drain(ends.second.get());
  CHECK(poller.Hears(ends.first, kWritable));
}

LAW("a peer that shuts down its sending side is ended, readable and not broken") {
  const Ends ends = MakeConnection();
  Observer poller;
  poller.Add(ends.first);
  poller.Settle();
  REQUIRE(::shutdown(ends.second.get(), SHUT_WR) == 0);
  CHECK(AwaitBits(poller->descriptor(), POLLIN));
  const std::uint32_t said = poller.Take()[ends.first.get()];
  CHECK_EQ(said & (kEnded | kReadable), std::uint32_t{kEnded | kReadable});
  CHECK_EQ(said & kBroken, 0U);
}

LAW("an end that comes with the last bytes is reported with them") {
  Ends ends = MakePair();
  Observer poller;
  poller.Add(ends.first);
  poller.Settle();
  Write(ends.second.get(), "last");
  ends.second.Reset();
  CHECK(poller.Hears(ends.first, kReadable | kEnded));
  CHECK_EQ(Read(ends.first.get()), "last");
}

LAW("a peer that closes wakes both directions") {
  Ends ends = MakePair();
  Observer poller;
  poller.Add(ends.first);
  poller.Settle();
  ends.second.Reset();
  CHECK(poller.Hears(ends.first, kEnded | kBroken | kReadable | kWritable));
}

LAW("a reset connection is broken in both directions, and the error is left for the reader") {
  Ends ends = MakeConnection();
  Observer poller;
  poller.Add(ends.first);
  poller.Settle();
  const linger at_once{1, 0};
  REQUIRE(::setsockopt(ends.second.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
  ends.second.Reset();
  CHECK(poller.Hears(ends.first, kBroken | kReadable | kWritable));
  char byte = 0;
  CHECK_EQ(::read(ends.first.get(), &byte, 1), -1);
  CHECK_EQ(errno, ECONNRESET);
}

LAW("the read end of a pipe is ended when its writer goes") {
  Ends ends = MakePipe();
  Observer poller;
  poller.Add(ends.first);
  poller.Settle();
  ends.second.Reset();
  CHECK(poller.Hears(ends.first, kEnded | kReadable));
}

LAW("the write end of a pipe is broken when its reader goes") {
  Ends ends = MakePipe();
  Observer poller;
  poller.Add(ends.second);
  poller.Settle();
  ends.first.Reset();
  CHECK(poller.Hears(ends.second, kBroken | kWritable));
}

LAW("a pipe carries edges in its one direction") {
  const Ends ends = MakePipe();
  Observer poller;
  poller.Add(ends.first);
  poller.Add(ends.second);
  CHECK(poller.Hears(ends.second, kWritable));
  Fill(ends.second.get());
  poller.Settle();
  Drain(ends.first.get());
  CHECK(poller.Hears(ends.second, kWritable));
  Write(ends.second.get(), "x");
  CHECK(poller.Hears(ends.first, kReadable));
}

LAW("an urgent byte is reported, and the bytes behind it can be had") {
  const Ends ends = MakeConnection();
  Observer poller;
  poller.Add(ends.first);
  poller.Settle();
  Write(ends.second.get(), "before");
  REQUIRE(::send(ends.second.get(), "!", 1, MSG_OOB) == 1);
  Write(ends.second.get(), "behind");
  CHECK(poller.Hears(ends.first, kUrgent | kReadable));
  REQUIRE(AwaitBits(ends.first.get(), POLLIN));
  CHECK_EQ(Read(ends.first.get()), "before");
  REQUIRE(AwaitBits(ends.first.get(), POLLIN));
  CHECK_EQ(Read(ends.first.get()), "behind");
}

LAW("a connection that waits to be accepted makes its listener readable") {
  const UniqueFd listener = MakeListener();
  const UniqueFd client = MakeSocket(SOCK_STREAM);
  Observer poller;
  poller.Add(listener);
  poller.Settle();
  CHECK_EQ(ConnectTo(client.get(), listener.get()), EINPROGRESS);
  CHECK(poller.Hears(listener, kReadable));
}

LAW("a connection that is made becomes writable") {
  const UniqueFd listener = MakeListener();
  const UniqueFd client = MakeSocket(SOCK_STREAM);
  Observer poller;
  CHECK_EQ(ConnectTo(client.get(), listener.get()), EINPROGRESS);
  poller.Add(client);
  CHECK(poller.Hears(client, kWritable));
}

LAW("a connection that is refused is broken, and the error is left for who asks") {
  const UniqueFd nobody = MakeBound(SOCK_STREAM);
  const UniqueFd client = MakeSocket(SOCK_STREAM);
  Observer poller;
  CHECK_EQ(ConnectTo(client.get(), nobody.get()), EINPROGRESS);
  poller.Add(client);
  CHECK(poller.Hears(client, kBroken | kReadable | kWritable));
  int error = 0;
  socklen_t size = sizeof error;
  REQUIRE(::getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0);
  CHECK_EQ(error, ECONNREFUSED);
}

LAW("a datagram makes its socket readable, and so does one that was refused") {
  UniqueFd receiver = MakeBound(SOCK_DGRAM);
  const UniqueFd sender = MakeSocket(SOCK_DGRAM);
  CHECK_EQ(ConnectTo(sender.get(), receiver.get()), 0);
  Observer poller;
  poller.Add(receiver);
  poller.Add(sender);
  poller.Settle();
  Write(sender.get(), "x");
  CHECK(poller.Hears(receiver, kReadable));
  poller.Remove(receiver);
  receiver.Reset();
  Write(sender.get(), "x");
  CHECK(poller.Hears(sender, kReadable));
  char byte = 0;
  CHECK_EQ(::read(sender.get(), &byte, 1), -1);
  CHECK_EQ(errno, ECONNREFUSED);
}

LAW("a small capacity loses no descriptor and repeats none") {
  std::vector<Ends> pipes;
  Observer poller;
  for (int i = 0; i < 10; i++) {
    pipes.push_back(MakePipe());
    poller.Add(pipes.back().first);
  }
  poller.Settle();
  for (const Ends& ends : pipes) Write(ends.second.get(), "x");
  std::map<int, int> times;
  Event events[3];
  int count = 0;
  int polls = 0;
  while ((count = poller->Poll(events, 3)) > 0) {
    CHECK(count <= 3);
    REQUIRE(++polls < 20);
    for (int i = 0; i < count; i++) times[events[i].fd]++;
  }
  CHECK_EQ(count, 0);
  for (const Ends& ends : pipes) CHECK_EQ(times[ends.first.get()], 1);
  CHECK_EQ(poller->Poll(events, 0), -EINVAL);
}

LAW("the poller's descriptor is readable exactly while there are events") {
  const Ends ends = MakePair();
  Observer poller;
  CHECK(!IsReadableNow(poller->descriptor()));
  poller.Add(ends.first);
  CHECK_EQ(poller->Flush(), 0);
  CHECK(IsReadableNow(poller->descriptor()));
  poller.Settle();
  CHECK(!IsReadableNow(poller->descriptor()));
  Write(ends.second.get(), "x");
  CHECK(IsReadableNow(poller->descriptor()));
  poller.Settle();
  CHECK(!IsReadableNow(poller->descriptor()));
}

LAW("pollers of two threads do not disturb each other") {
  bool fine[2] = {true, true};
  const auto play = [](bool& all_heard) {
    try {
      const Ends ends = MakePair();
      Observer poller;
      poller.Add(ends.first);
      for (int i = 0; i < 500; i++) {
        Write(ends.second.get(), "x");
        if (!poller.Hears(ends.first, kReadable) || Read(ends.first.get()) != "x") all_heard = false;
      }
    } catch (const check::Abandoned&) {
      all_heard = false;
    }
  };
  std::thread other(play, std::ref(fine[1]));
  play(fine[0]);
  other.join();
  CHECK(fine[0]);
  CHECK(fine[1]);
}
