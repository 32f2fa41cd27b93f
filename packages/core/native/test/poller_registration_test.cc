// What a poller knows: the laws of poller.h that concern adding, removing, flushing and numbers that are used
// again.
#include "observer.h"

#include <cstdio>
#include <random>
#include <set>
#include <vector>

using namespace plumbing;
using namespace shrapnel;

namespace {

// A descriptor that no back end of Linux takes.
UniqueFd MakeRegularFile() {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  UniqueFd fd(::dup(::fileno(file)));
  REQUIRE(std::fclose(file) == 0 && fd.valid());
  return fd;
}

// Puts `fd`'s file at `number`, as the kernel does when it gives out a closed number again.
UniqueFd PlaceAt(int number, const UniqueFd& fd) {
  REQUIRE(::fcntl(number, F_GETFD) == -1);
  UniqueFd placed(::fcntl(fd.get(), F_DUPFD_CLOEXEC, number));
  REQUIRE(placed.get() == number);
  return placed;
}

}  // namespace

LAW("adding a descriptor again reports again what is ready") {
  const Ends ends = MakePair();
  Write(ends.second.get(), "x");
  Observer poller;
  for (int i = 0; i < 3; i++) {
    poller.Add(ends.first);
    CHECK(poller.Hears(ends.first, kReadable | kWritable));
  }
  poller.Add(ends.first);
  poller.Add(ends.first);
  CHECK(poller.Hears(ends.first, kReadable | kWritable));
}

LAW("a removed descriptor is not heard of again") {
  const Ends ends = MakePair();
  Observer poller;
  poller.Add(ends.first);
  poller.Settle();
  Write(ends.second.get(), "x");
  poller.Remove(ends.first);
  Write(ends.second.get(), "x");
  CHECK_EQ(poller->Flush(), 0);
  CHECK(poller.Take().empty());
  poller.Add(ends.first);
  CHECK(poller.Hears(ends.first, kReadable));
}

LAW("a descriptor that was never added, or was removed already, can be removed") {
  const Ends ends = MakePair();
  const Ends pipe = MakePipe();
  const UniqueFd file = MakeRegularFile();
  Observer poller;
  CHECK_EQ(poller->Remove(ends.first.get()), 0);
  CHECK_EQ(poller->Remove(pipe.first.get()), 0);
  CHECK_EQ(poller->Remove(file.get()), 0);
  poller.Add(ends.first);
  CHECK_EQ(poller->Remove(ends.first.get()), 0);
  CHECK_EQ(poller->Remove(ends.first.get()), 0);
}

LAW("removing a closed number is told to be a mistake") {
  Ends ends = MakePair();
  const int number = ends.first.get();
  Observer poller;
  poller.Add(ends.first);
  poller.Settle();
  ends.first.Reset();
  CHECK_EQ(poller->Remove(number), -EBADF);
  CHECK_EQ(poller->Remove(-1), -EBADF);
}

LAW("a removal drops a registration that was not yet flushed") {
  const Ends ends = MakePair();
  const Ends other = MakePair();
  Observer poller;
  poller.Add(ends.first);
  poller.Add(other.first);
  poller.Remove(ends.first);
  const auto said = poller.Take();
  CHECK_EQ(said.count(ends.first.get()), 0U);
  CHECK_EQ(said.count(other.first.get()), 1U);
}

LAW("a number that is used again speaks for its new file only") {
  Ends old = MakePair();
  const Ends fresh = MakePair();
  const int number = old.first.get();
  Observer poller;
  poller.Add(old.first);
  poller.Settle();
  const UniqueFd keeps_old_open(::dup(number));
  poller.Remove(old.first);
  old.first.Reset();
  const UniqueFd again = PlaceAt(number, fresh.first);
  poller.Add(again);
  poller.Settle();
  Write(old.second.get(), "x");
  CHECK(poller.Take().empty());
  Write(fresh.second.get(), "x");
  CHECK(poller.Hears(again, kReadable));
}

LAW("a number that was closed without being removed can be added again") {
  Ends old = MakePair();
  const Ends fresh = MakePair();
  const int number = old.first.get();
  Observer poller;
  poller.Add(old.first);
  poller.Settle();
  old.first.Reset();
  const UniqueFd again = PlaceAt(number, fresh.first);
  poller.Add(again);
  poller.Settle();
  Write(fresh.second.get(), "x");
  CHECK(poller.Hears(again, kReadable));
}

LAW("a flush takes no event") {
  const Ends ends = MakePair();
  Observer poller;
  poller.Add(ends.first);
  poller.Settle();
  Write(ends.second.get(), "x");
  const Ends other = MakePair();
  poller.Add(other.first);
  CHECK_EQ(poller->Flush(), 0);
  CHECK(!poller->has_pending());
  CHECK_EQ(poller->Flush(), 0);
  auto said = poller.Take();
  CHECK_EQ(said[ends.first.get()] & (kReadable | kBroken), std::uint32_t{kReadable});
  CHECK_EQ(said[other.first.get()] & (kWritable | kBroken), std::uint32_t{kWritable});
}

LAW("a poll leaves nothing to flush") {
  const Ends ends = MakePair();
  Observer poller;
  CHECK(!poller->has_pending());
  poller.Add(ends.first);
  Event event{};
  CHECK_EQ(poller->Poll(&event, 1), 1);
  CHECK(!poller->has_pending());
}

LAW("a file that cannot be watched is refused at once or wakes its waiters as broken, once") {
  const UniqueFd file = MakeRegularFile();
  for (const bool flush_first : {false, true}) {
    Observer poller;
    const int error = poller->Add(file.get());
    if (error != 0) {
      CHECK_EQ(error, -EPERM);
    } else {
      if (flush_first) {
        CHECK_EQ(poller->Flush(), 0);
        CHECK(IsReadableNow(poller->descriptor()));
      }
      CHECK_EQ(poller.Take()[file.get()], std::uint32_t{kBroken | kReadable | kWritable});
    }
    CHECK(poller.Take().empty());
    CHECK(!IsReadableNow(poller->descriptor()));
  }
}

LAW("a refusal does not hold up the events of others") {
  const UniqueFd file = MakeRegularFile();
  const Ends ends = MakePair();
  Observer poller;
  poller.Add(ends.first);
  poller.Settle();
  Write(ends.second.get(), "x");
  const bool refused_late = poller->Add(file.get()) == 0;
  const auto said = poller.Take();
  CHECK_EQ(said.count(file.get()), refused_late ? 1U : 0U);
  CHECK_EQ(said.count(ends.first.get()), 1U);
}

LAW("a refusal is not heard of after its descriptor is removed") {
  const UniqueFd file = MakeRegularFile();
  Observer poller;
  if (poller->Add(file.get()) == 0) CHECK_EQ(poller->Flush(), 0);
  poller.Remove(file);
  CHECK(poller.Take().empty());
}

LAW("more refusals than fit are told in the polls that follow") {
  std::vector<UniqueFd> files;
  std::set<int> told;
  Observer poller;
  for (int i = 0; i < 7; i++) {
    files.push_back(MakeRegularFile());
    if (poller->Add(files.back().get()) != 0) told.insert(files.back().get());
  }
  Event events[2];
  for (int count = 0; (count = poller->Poll(events, 2)) > 0;) {
    for (int i = 0; i < count; i++) told.insert(events[i].fd);
  }
  CHECK_EQ(told.size(), files.size());
}

LAW("a number that is not open is refused at once or wakes its waiters as broken") {
  Observer poller;
  CHECK_EQ(poller->Add(-1), -EBADF);
  const int never_open = 1'000;
  REQUIRE(::fcntl(never_open, F_GETFD) == -1);
  const int error = poller->Add(never_open);
  if (error != 0) {
    CHECK_EQ(error, -EBADF);
  } else {
    CHECK_EQ(poller.Take()[never_open], std::uint32_t{kBroken | kReadable | kWritable});
  }
}

LAW("more registrations than one batch holds are all made") {
  std::vector<Ends> pairs;
  Observer poller;
  for (int i = 0; i < 300; i++) {
    pairs.push_back(MakePair());
    poller.Add(pairs.back().first);
  }
  std::map<int, std::uint32_t> said;
  for (int polls = 0; polls < 4; polls++) {
    for (const auto& [fd, bits] : poller.Take()) said[fd] |= bits;
  }
  for (const Ends& ends : pairs) CHECK_EQ(said[ends.first.get()] & kWritable, std::uint32_t{kWritable});
}

LAW("two pollers may watch one descriptor") {
  const Ends ends = MakePair();
  Observer one;
  Observer two;
  one.Add(ends.first);
  two.Add(ends.first);
  one.Settle();
  two.Settle();
  Write(ends.second.get(), "x");
  CHECK(one.Hears(ends.first, kReadable));
  CHECK(two.Hears(ends.first, kReadable));
}

LAW("a poller that is gone leaves no descriptor, and its own is not inherited by programs") {
  const Ends ends = MakePair();
  const int before = CountOpenDescriptors();
  for (int i = 0; i < 50; i++) {
    Observer poller;
    poller.Add(ends.first);
    CHECK(poller.Hears(ends.first, kWritable));
    CHECK_EQ(::fcntl(poller->descriptor(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  }
  CHECK_EQ(CountOpenDescriptors(), before);
}

LAW("no edge is lost in twenty thousand random steps") {
  std::mt19937 random(7);
  std::vector<Ends> pairs;
  std::vector<bool> added(8, false);
  Observer poller;
  for (std::size_t i = 0; i < added.size(); i++) pairs.push_back(MakePair());
  int lost = 0;
  for (int step = 0; step < 20'000; step++) {
    const std::size_t i = random() % pairs.size();
    Ends& ends = pairs[i];
    switch (random() % 6) {
      case 0:
        poller.Remove(ends.first);
        added[i] = false;
        break;
      case 1:
        if (random() % 2 == 0) CHECK_EQ(poller->Flush(), 0);
        break;
      case 2:
        poller.Remove(ends.first);
        ends = MakePair();
        added[i] = false;
        break;
      default:
        if (!added[i]) poller.Add(ends.first);
        added[i] = true;
        Write(ends.second.get(), "x");
        if ((poller.Take()[ends.first.get()] & kReadable) == 0) lost++;
        if (random() % 2 == 0) Drain(ends.first.get());
    }
  }
  CHECK_EQ(lost, 0);
}
