// The emulated EVFILT_VNODE tells of files what kqueue(2) says that it tells.
#include "emulated_queue.h"

#include <cstdlib>
#include <sys/stat.h>

using namespace plumbing;

namespace {

constexpr unsigned kAll = NOTE_DELETE | NOTE_WRITE | NOTE_EXTEND | NOTE_ATTRIB | NOTE_LINK | NOTE_RENAME;

// A folder of its own, empty again at the end: the laws make few names, which are all removed here.
class Folder {
 public:
  Folder() {
    std::string path = TemporaryTemplate();
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~Folder() {
    for (const char* name : {"/inner/file", "/inner/deep", "/inner", "/file", "/other", "/moved/deep", "/moved"})
      static_cast<void>(::remove((path_ + name).c_str()));  // most laws do not make all of them
    static_cast<void>(::rmdir(path_.c_str()));
  }
  Folder(const Folder&) = delete;

  [[nodiscard]] std::string operator/(const char* name) const { return path_ + '/' + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

UniqueFd Open(const std::string& path, int flags = O_RDONLY) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  REQUIRE(fd.valid());
  return fd;
}

UniqueFd Create(const std::string& path) { return Open(path, O_RDWR | O_CREAT | O_EXCL); }

UniqueFd CreateFolder(const std::string& path) {
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  return Open(path, O_DIRECTORY);
}

void Rename(const std::string& from, const std::string& to) {
  REQUIRE(::rename(from.c_str(), to.c_str()) == 0);
}

void Watch(const EmulatedQueue& queue, const UniqueFd& file, unsigned fflags = kAll) {
  CHECK_EQ(queue.Change(file.get(), EVFILT_VNODE, EV_ADD | EV_CLEAR, fflags), 0);
}

unsigned TakeFlags(const EmulatedQueue& queue) { return queue.Take().fflags; }

}  // namespace

LAW("a write that makes a file longer is NOTE_WRITE and NOTE_EXTEND, another is NOTE_WRITE alone") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  const EmulatedQueue queue;
  Watch(queue, file);
  CHECK(queue.IsEmpty());
  CHECK(!IsReadableNow(queue.get()));
  Write(file.get(), "hello");
  CHECK(IsReadableNow(queue.get()));
  const struct kevent event = queue.Take();
  CHECK_EQ(event.filter, EVFILT_VNODE);
  CHECK_EQ(event.ident, static_cast<std::uintptr_t>(file.get()));
  CHECK_EQ(event.fflags, static_cast<unsigned>(NOTE_WRITE | NOTE_EXTEND));
  CHECK_EQ(event.data, 0);
  CHECK(!IsReadableNow(queue.get()));
  REQUIRE(::pwrite(file.get(), "J", 1, 0) == 1);
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_WRITE));
  CHECK(queue.IsEmpty());
}

LAW("a change of the mode is NOTE_ATTRIB") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  const EmulatedQueue queue;
  Watch(queue, file);
  REQUIRE(::chmod((folder / "file").c_str(), 0640) == 0);
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_ATTRIB));
}

LAW("another name of a file is NOTE_LINK, also when it goes, and the last to go is NOTE_DELETE too") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  const EmulatedQueue queue;
  Watch(queue, file);
  REQUIRE(::link((folder / "file").c_str(), (folder / "other").c_str()) == 0);
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_LINK));
  REQUIRE(::unlink((folder / "file").c_str()) == 0);
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_LINK));
  REQUIRE(::unlink((folder / "other").c_str()) == 0);
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_LINK | NOTE_DELETE));
  CHECK(queue.IsEmpty());
}

LAW("a file without a name can be added and tells of writes") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  REQUIRE(::unlink((folder / "file").c_str()) == 0);
  const EmulatedQueue queue;
  Watch(queue, file);
  CHECK(queue.IsEmpty());
  Write(file.get(), "x");
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_WRITE | NOTE_EXTEND));
}

LAW("a rename is NOTE_RENAME to the file that moved and NOTE_DELETE to the one that it replaced") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  const UniqueFd other = Create(folder / "other");
  const EmulatedQueue moved;
  const EmulatedQueue replaced;
  Watch(moved, file);
  Watch(replaced, other);
  Rename(folder / "file", folder / "other");
  CHECK_EQ(TakeFlags(moved), static_cast<unsigned>(NOTE_RENAME));
  CHECK_EQ(TakeFlags(replaced), static_cast<unsigned>(NOTE_LINK | NOTE_DELETE));
}

LAW("an entry that comes, goes or moves is NOTE_WRITE to its directory, with NOTE_LINK for a subdirectory") {
  const Folder folder;
  const UniqueFd directory = Open(folder.path(), O_DIRECTORY);
  const EmulatedQueue queue;
  Watch(queue, directory);
  const UniqueFd file = Create(folder / "file");
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_WRITE));
  const UniqueFd inner = CreateFolder(folder / "inner");
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_WRITE | NOTE_LINK));
  Rename(folder / "file", folder / "other");
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_WRITE));
  Rename(folder / "other", folder / "inner/file");
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_WRITE));
  REQUIRE(::unlink((folder / "inner/file").c_str()) == 0);
  CHECK(queue.IsEmpty());
  REQUIRE(::rmdir((folder / "inner").c_str()) == 0);
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_WRITE | NOTE_LINK));
}

LAW("a change inside a file or of its attributes is nothing to its directory") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  const UniqueFd directory = Open(folder.path(), O_DIRECTORY);
  const EmulatedQueue queue;
  Watch(queue, directory);
  Write(file.get(), "x");
  REQUIRE(::fchmod(file.get(), 0640) == 0);
  CHECK(queue.IsEmpty());
  REQUIRE(::fchmod(directory.get(), 0750) == 0);
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_ATTRIB));
}

LAW("an open directory tells of its end, also where it was moved to") {
  const Folder folder;
  for (const bool moved : {false, true}) {
    const UniqueFd outer = CreateFolder(folder / "moved");
    const UniqueFd inner = CreateFolder(folder / "inner");
    const EmulatedQueue queue;
    Watch(queue, inner, NOTE_DELETE | NOTE_RENAME);
    if (moved) {
      Rename(folder / "inner", folder / "moved/deep");
      CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_RENAME));
    }
    REQUIRE(::rmdir((folder / (moved ? "moved/deep" : "inner")).c_str()) == 0);
    CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_DELETE));
    CHECK(queue.IsEmpty());
    REQUIRE(::rmdir((folder / "moved").c_str()) == 0);
  }
}

LAW("flags gather until they are taken, and only those that were asked for") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  const EmulatedQueue queue;
  Watch(queue, file, NOTE_WRITE | NOTE_RENAME);
  REQUIRE(::fchmod(file.get(), 0640) == 0);
  CHECK(queue.IsEmpty());
  Write(file.get(), "x");
  REQUIRE(::fchmod(file.get(), 0600) == 0);
  Rename(folder / "file", folder / "other");
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_WRITE | NOTE_RENAME));
  CHECK(queue.IsEmpty());
}

LAW("what was before a change of the flags is told as it was asked for then") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  const EmulatedQueue queue;
  Watch(queue, file, NOTE_WRITE);
  Write(file.get(), "x");
  REQUIRE(::fchmod(file.get(), 0640) == 0);
  Watch(queue, file, NOTE_ATTRIB);
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_WRITE));
  CHECK(queue.IsEmpty());
}

LAW("a vnode event without EV_CLEAR is told until it is deleted") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(file.get(), EVFILT_VNODE, EV_ADD, kAll), 0);
  Write(file.get(), "x");
  for (int i = 0; i < 3; i++) CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_WRITE | NOTE_EXTEND));
  CHECK_EQ(queue.Change(file.get(), EVFILT_VNODE, EV_DELETE), 0);
  CHECK(queue.IsEmpty());
  Write(file.get(), "x");
  CHECK(queue.IsEmpty());
  CHECK_EQ(queue.Change(file.get(), EVFILT_VNODE, EV_DELETE), ENOENT);
}

LAW("a disabled vnode event gathers flags and is told when it is enabled") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  const EmulatedQueue queue;
  Watch(queue, file);
  CHECK_EQ(queue.Change(file.get(), EVFILT_VNODE, EV_DISABLE), 0);
  Write(file.get(), "x");
  CHECK(queue.IsEmpty());
  CHECK_EQ(queue.Change(file.get(), EVFILT_VNODE, EV_ENABLE), 0);
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_WRITE | NOTE_EXTEND));
}

LAW("many files that changed are told one by one, the rest by the calls that follow") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  const UniqueFd other = Create(folder / "other");
  const UniqueFd directory = Open(folder.path(), O_DIRECTORY);
  const EmulatedQueue queue;
  for (const UniqueFd* fd : {&file, &other, &directory}) Watch(queue, *fd);
  Write(file.get(), "x");
  Write(other.get(), "x");
  REQUIRE(::unlink((folder / "file").c_str()) == 0);
  unsigned flags = 0;
  for (int i = 0; i < 3; i++) {
    CHECK(IsReadableNow(queue.get()));
    flags |= TakeFlags(queue);
  }
  CHECK_EQ(flags, static_cast<unsigned>(NOTE_WRITE | NOTE_EXTEND | NOTE_LINK | NOTE_DELETE));
  CHECK(queue.IsEmpty());
}

LAW("each descriptor of a file is told, and closing one ends its events alone") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  UniqueFd second(::dup(file.get()));
  const int number = second.get();
  const EmulatedQueue queue;
  Watch(queue, file);
  Watch(queue, second);
  Write(file.get(), "x");
  CHECK(queue.Take().ident != queue.Take().ident);
  Write(file.get(), "x");
  second.Reset();
  CHECK_EQ(queue.Take().ident, static_cast<std::uintptr_t>(file.get()));
  CHECK(queue.IsEmpty());
  CHECK_EQ(queue.Change(number, EVFILT_VNODE, EV_DELETE), EBADF);
}

LAW("a descriptor that is added later is told nothing of before") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  const UniqueFd second(::dup(file.get()));
  const EmulatedQueue queue;
  Watch(queue, file);
  Write(file.get(), "x");
  Watch(queue, second);
  CHECK_EQ(queue.Take().ident, static_cast<std::uintptr_t>(file.get()));
  CHECK(queue.IsEmpty());
}

LAW("a number that became another file behind the emulation's back is watched as that file") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  const UniqueFd other = Create(folder / "other");
  const UniqueFd number(::dup(file.get()));
  const EmulatedQueue queue;
  Watch(queue, number);
  REQUIRE(::dup2(other.get(), number.get()) == number.get());
  CHECK_EQ(queue.Change(number.get(), EVFILT_VNODE, EV_ENABLE), ENOENT);
  Watch(queue, number);
  Write(file.get(), "x");
  CHECK(queue.IsEmpty());
  Write(other.get(), "x");
  CHECK_EQ(TakeFlags(queue), static_cast<unsigned>(NOTE_WRITE | NOTE_EXTEND));
}

LAW("sockets and pipes have no vnode, and a closed number has nothing") {
  const Ends pipe = MakePipe();
  const Ends pair = MakePair();
  const EmulatedQueue queue;
  CHECK_EQ(queue.Change(pipe.first.get(), EVFILT_VNODE, EV_ADD, kAll), EINVAL);
  CHECK_EQ(queue.Change(pair.first.get(), EVFILT_VNODE, EV_ADD, kAll), EINVAL);
  CHECK_EQ(queue.Change(1'000, EVFILT_VNODE, EV_ADD, kAll), EBADF);
}

LAW("a queue that is closed leaves no descriptor of its vnode events") {
  const Folder folder;
  const UniqueFd file = Create(folder / "file");
  const int before = CountOpenDescriptors();
  EmulatedQueue queue;
  Watch(queue, file);
  queue.Close();
  CHECK_EQ(CountOpenDescriptors(), before);
  {
    UniqueFd second = Open(folder / "file");
    const EmulatedQueue other;
    Watch(other, second);
    second.Reset();
  }
  CHECK_EQ(CountOpenDescriptors(), before);
}
