// BSD and macOS: EVFILT_VNODE. What it promises is in watch.h.
//
// Facts, from kqueue(2) of FreeBSD and macOS:
//   - A knote watches an open file, so each one costs a descriptor; closing it ends the knote. A file that is held open so
//     keeps its inode number to itself, even after its last name is gone.
//   - With EV_CLEAR, what happened since the last report comes as one event with all its bits, without order.
//   - Of a folder it tells that names changed, not which.
//   - A kqueue can be read by another kqueue, and is refused (EINVAL) for writing.
// Opening must not act on the file: a device may rewind, a FIFO lets its writer go on. O_EVTONLY (macOS) and O_PATH
// (FreeBSD; there EVFILT_VNODE needs the right to read) are made for that; elsewhere only files and folders are opened.
#include <dirent.h>
#include <fcntl.h>
#include <sys/event.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "retry.h"
#include "watch.h"

namespace shrapnel {
namespace {

#if defined(O_EVTONLY)
constexpr int kOpenFlags = O_EVTONLY | O_SYMLINK | O_NONBLOCK | O_CLOEXEC;
constexpr bool kOpensSymlinks = true;
constexpr bool kOpensAll = false;
#elif defined(O_PATH)
constexpr int kOpenFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
constexpr bool kOpensSymlinks = true;
constexpr bool kOpensAll = true;
#else
constexpr int kOpenFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
constexpr bool kOpensSymlinks = false;
constexpr bool kOpensAll = false;
#endif

struct Meaning {
  VnodeChange change;
  std::uint32_t notes;
};

constexpr Meaning kMeanings[] = {
#ifdef NOTE_TRUNCATE
    {kWritten, NOTE_WRITE | NOTE_EXTEND | NOTE_TRUNCATE},
#else
    {kWritten, NOTE_WRITE | NOTE_EXTEND},
#endif
    {kAttributes, NOTE_ATTRIB},
    {kMoved, NOTE_RENAME},
    {kRemoved, NOTE_DELETE | NOTE_REVOKE},
};

struct Record {
  std::int32_t id;
  std::uint32_t changes;
};
static_assert(sizeof(Record) == 8);

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { static_cast<void>(::closedir(folder)); }  // it was only read
};

// 0, or why a file of this kind is not opened.
[[nodiscard]] int CheckKind(int folder, const char* path) noexcept {
  if (kOpensAll) return 0;
  struct stat facts {};
  if (::fstatat(folder, path, &facts, AT_SYMLINK_NOFOLLOW) == -1) return -errno;
  const bool opens = S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode) || (kOpensSymlinks && S_ISLNK(facts.st_mode));
  return opens ? 0 : -ENOTSUP;
}

[[nodiscard]] char KindOf(mode_t mode) noexcept { return S_ISREG(mode) ? 'f' : S_ISDIR(mode) ? 'd' : 'o'; }

void Append(std::string& out, std::uint64_t inode, char kind, const char* name) noexcept {
  const std::size_t length = std::strlen(name);
  out.append(reinterpret_cast<const char*>(&inode), sizeof inode);
  out.push_back(kind);
  out.push_back(static_cast<char>(length & 0xff));
  out.push_back(static_cast<char>(length >> 8));
  out.append(name, length);
}

[[nodiscard]] int AppendOne(int folder, const char* name, std::string& out) noexcept {
  struct stat facts {};
  if (::fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) == 0) {
    Append(out, facts.st_ino, KindOf(facts.st_mode), name);
    return 0;
  }
  return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
}

[[nodiscard]] int AppendEntry(int folder, const dirent& entry, std::string& out) noexcept {
  if (entry.d_type == DT_UNKNOWN) return AppendOne(folder, entry.d_name, out);
  Append(out, entry.d_ino, entry.d_type == DT_REG ? 'f' : entry.d_type == DT_DIR ? 'd' : 'o', entry.d_name);
  return 0;
}

}  // namespace

const char* WatchKind() noexcept { return "vnode"; }

int OpenWatch() noexcept {
  UniqueFd queue(::kqueue());
  if (!queue.valid() || ::fcntl(queue.get(), F_SETFD, FD_CLOEXEC) == -1) return -errno;
  return queue.Release();
}

int AddWatch(int queue, int folder, const char* path, std::uint32_t mask, DescriptorTable& opened) noexcept {
  const int from = folder == -1 ? AT_FDCWD : folder;
  const int refused = CheckKind(from, path);
  if (refused != 0) return refused;
  UniqueFd file(RetryOnSignal([&] { return ::openat(from, path, kOpenFlags); }));
  if (!file.valid()) return -errno;
  struct kevent change {};
  change.ident = static_cast<decltype(change.ident)>(file.get());
  change.filter = EVFILT_VNODE;
  change.flags = EV_ADD | EV_CLEAR;
  for (const Meaning& meaning : kMeanings)
    if ((mask & meaning.change) != 0) change.fflags |= meaning.notes;
  if (RetryOnSignal([&] { return ::kevent(queue, &change, 1, nullptr, 0, nullptr); }) == -1) {
    return kOpensAll && errno == EBADF ? -EACCES : -errno;  // EBADF is FreeBSD's word for "may not be read" here
  }
  const int id = file.Release();
  opened.Put(id);
  return id;
}

int RemoveWatch(int, int id, DescriptorTable& opened) noexcept {
  UniqueFd closing(opened.Take(id));
  return closing.valid() ? 0 : -EBADF;
}

std::int64_t ReadWatch(int queue, void* records, std::size_t length) noexcept {
  constexpr int kBatch = 64;
  const timespec at_once{};
  const std::size_t room = length / sizeof(Record);
  std::size_t count = 0;
  while (count < room) {
    struct kevent events[kBatch];
    const int want = room - count < kBatch ? static_cast<int>(room - count) : kBatch;
    const int found = RetryOnSignal([&] { return ::kevent(queue, nullptr, 0, events, want, &at_once); });
    // What was taken already would be lost with an error; the error will still be there next time.
    if (found == -1 && count == 0) return -errno;
    for (int i = 0; i < found; i++) {
      Record record{static_cast<std::int32_t>(events[i].ident), 0};
      for (const Meaning& meaning : kMeanings)
        if ((events[i].fflags & meaning.notes) != 0) record.changes |= meaning.change;
      std::memcpy(static_cast<char*>(records) + count * sizeof record, &record, sizeof record);
      count++;
    }
    if (found < want) break;
  }
  return count == 0 ? -EAGAIN : static_cast<std::int64_t>(count * sizeof(Record));
}

int ListWatched(int id, const char* only, std::string& out) noexcept {
  if (*only != '\0') return AppendOne(id, only, out);
  // A descriptor of its own: that of the watch cannot be read, and has one place for all readings.
  UniqueFd reading(RetryOnSignal([&] { return ::openat(id, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!reading.valid()) return -errno;
  const std::unique_ptr<DIR, CloseFolder> folder(::fdopendir(reading.get()));
  if (folder == nullptr) return -errno;
  static_cast<void>(reading.Release());  // the folder closes it now
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) return -errno;
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    const int failed = AppendEntry(id, *entry, out);
    if (failed != 0) return failed;
  }
}

}  // namespace shrapnel
