// UniqueFd closes what it owns exactly once, and RetryOnSignal repeats on EINTR and on nothing else.
#include "plumbing.h"

using namespace plumbing;
using shrapnel::RetryOnSignal;

namespace {

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

}  // namespace

LAW("a descriptor is closed with its owner") {
  int number = -1;
  {
    const Ends ends = MakePipe();
    number = ends.first.get();
    CHECK(IsOpen(number));
  }
  CHECK(!IsOpen(number));
}

LAW("a moved descriptor belongs to the new owner alone") {
  Ends ends = MakePipe();
  const int first = ends.first.get();
  const int second = ends.second.get();
  UniqueFd owner(std::move(ends.first));
  CHECK(!ends.first.valid());
  CHECK_EQ(owner.get(), first);
  owner = std::move(ends.second);
  CHECK(!IsOpen(first));
  CHECK_EQ(owner.get(), second);
  CHECK(IsOpen(second));
}

LAW("a released descriptor stays open, and a reset owner is empty") {
  Ends ends = MakePipe();
  const int number = ends.first.Release();
  CHECK(!ends.first.valid());
  ends.first.Reset();
  CHECK(IsOpen(number));
  UniqueFd owner(number);
  owner.Reset();
  CHECK(!owner.valid());
  CHECK(!IsOpen(number));
}

LAW("closing leaves errno as it was") {
  Ends ends = MakePipe();
  errno = ENOENT;
  ends.first.Reset();
  CHECK_EQ(errno, ENOENT);
}

LAW("an interrupted call is repeated and any other failure is not") {
  int calls = 0;
  CHECK_EQ(RetryOnSignal([&] {
             errno = EINTR;
             return ++calls < 3 ? -1 : 7;
           }),
           7);
  CHECK_EQ(calls, 3);
  calls = 0;
  CHECK_EQ(RetryOnSignal([&] {
             calls++;
             errno = EAGAIN;
             return -1;
           }),
           -1);
  CHECK_EQ(calls, 1);
  CHECK_EQ(errno, EAGAIN);
}
