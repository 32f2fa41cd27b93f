// What it does: see vnodes.h. Facts that it translates:
//   - inotify follows /proc/self/fd/N to the file itself, so an open file can be watched that has no name.
//   - IN_DELETE_SELF waits until the last descriptor is closed. Until then IN_ATTRIB with a link count of 0
//     tells of a file's end; of a directory's only its parent tells, so that is watched too.
//   - IN_ATTRIB stands for a change of the link count as well; BSD has NOTE_LINK for it.
//   - inotify merges equal events that wait together, and we look at the file when we read them, not when they
//     happened.
// What differs from BSD: NOTE_DELETE comes with the last name only (as on macOS; FreeBSD tells of each);
// truncation is NOTE_WRITE (there NOTE_ATTRIB); a subdirectory that changes its name in its directory is
// NOTE_LINK too; a link made and removed between two looks is NOTE_ATTRIB; extended attributes that change
// together with the link count are left out; no NOTE_REVOKE. After a loss of events (IN_Q_OVERFLOW) every knote
// is told all it asked for but NOTE_DELETE. The queue's descriptor is readable for what nobody asked, too.
#include "vnodes.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <linux/magic.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <vector>

namespace kqueue_emulation {
namespace {

// The same mask for all watches of one file, since a second would replace the first.
constexpr std::uint32_t kFileMask = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF;
constexpr std::uint32_t kDirectoryMask =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_MOVE_SELF;

[[nodiscard]] std::string PathOf(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// Neither has a place in a file system, so a BSD kernel has no vnode for it.
[[nodiscard]] bool IsSocketOrPipe(int fd) noexcept {
  struct statfs system {};
  if (::fstatfs(fd, &system) == -1) return false;
  return system.f_type == SOCKFS_MAGIC || system.f_type == PIPEFS_MAGIC || system.f_type == ANON_INODE_FS_MAGIC;
}

void Tell(Knote& knote, std::uint32_t flags) noexcept {
  flags &= knote.asked.fflags;
  if (flags == 0) return;
  knote.noted |= flags;
  // It cannot overflow: one for each event of inotify at most.
  static_cast<void>(::eventfd_write(knote.source.get(), 1));
}

}  // namespace

bool Vnodes::Look(int fd, Seen& out) noexcept {
  struct stat found {};
  if (::fstat(fd, &found) == -1) return false;
  const std::int64_t modified_ns = found.st_mtim.tv_sec * 1'000'000'000LL + found.st_mtim.tv_nsec;
  out = Seen{found.st_dev,  found.st_ino, found.st_nlink, found.st_size,
             found.st_mode, found.st_uid, found.st_gid,   modified_ns};
  return true;
}

int Vnodes::Open() noexcept {
  if (inotify_.valid()) return 0;
  inotify_ = HiddenFd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  return inotify_.valid() ? 0 : errno;
}

int Vnodes::Add(Knote& knote) noexcept {
  const int fd = static_cast<int>(knote.asked.ident);
  Watched watched;
  watched.knote = &knote;
  if (!Look(fd, watched.seen)) return errno;
  if (IsSocketOrPipe(fd)) return EINVAL;
  knote.source = HiddenFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!knote.source.valid()) return errno;
  const bool is_directory = S_ISDIR(watched.seen.mode);
  watched.own = Watch(fd, PathOf(fd), is_directory ? kDirectoryMask : kFileMask);
  if (watched.own == -1) return errno;
  if (is_directory) watched.parent = WatchParent(fd);
  watched_[fd] = watched;
  return 0;
}

int Vnodes::Watch(int fd, const std::string& path, std::uint32_t mask) noexcept {
  const int watch = ::inotify_add_watch(inotify_.get(), path.c_str(), mask);
  if (watch != -1) users_.emplace(watch, fd);
  return watch;
}

// -1 if it may not be read, or is gone: then the end of `fd` will not be told.
int Vnodes::WatchParent(int fd) noexcept { return Watch(fd, PathOf(fd) + "/..", kDirectoryMask); }

void Vnodes::Remove(const Knote& knote) noexcept {
  const auto found = watched_.find(static_cast<int>(knote.asked.ident));
  if (found == watched_.end()) return;
  const Watched gone = found->second;
  watched_.erase(found);
  const int fd = static_cast<int>(knote.asked.ident);
  Unwatch(gone.own, fd);
  Unwatch(gone.parent, fd);
}

void Vnodes::Unwatch(int watch, int fd) noexcept {
  if (users_.erase({watch, fd}) == 0) return;
  const auto other = users_.lower_bound({watch, 0});
  if (other != users_.end() && other->first == watch) return;
  // EINVAL if the file went away and the watch with it.
  static_cast<void>(::inotify_rm_watch(inotify_.get(), watch));
}

bool Vnodes::IsStale(const Knote& knote) const noexcept {
  const int fd = static_cast<int>(knote.asked.ident);
  const auto found = watched_.find(fd);
  Seen now{};
  if (found == watched_.end() || !Look(fd, now)) return true;
  return now.device != found->second.seen.device || now.inode != found->second.seen.inode;
}

void Vnodes::Read() noexcept {
  if (!inotify_.valid()) return;
  alignas(inotify_event) char bytes[4'096];
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), bytes, sizeof bytes);
    if (size <= 0) return;
    for (ssize_t at = 0; at < size;) {
      inotify_event event{};
      std::memcpy(&event, bytes + at, sizeof event);
      Note(event);
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

void Vnodes::Note(const inotify_event& event) noexcept {
  if ((event.mask & IN_Q_OVERFLOW) != 0) return NoteLoss();
  const bool ends_directory = (event.mask & IN_ISDIR) != 0 && (event.mask & IN_DELETE) != 0;
  std::vector<int> users;  // a copy: a directory that moved gets another parent
  for (auto user = users_.lower_bound({event.wd, 0}); user != users_.end() && user->first == event.wd; ++user)
    users.push_back(user->second);
  for (const int fd : users) {
    Watched& watched = watched_.at(fd);
    if (watched.own == event.wd) NoteOwn(watched, event);
    if (watched.parent == event.wd && ends_directory) NoteEnd(watched);
  }
}

void Vnodes::NoteOwn(Watched& watched, const inotify_event& event) noexcept {
  const int fd = static_cast<int>(watched.knote->asked.ident);
  if ((event.mask & (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) != 0) {
    const std::uint32_t link = (event.mask & IN_ISDIR) != 0 ? NOTE_LINK : 0U;
    return Tell(*watched.knote, NOTE_WRITE | link);
  }
  if (event.len > 0) return;  // of a file in the directory, not of the directory
  if ((event.mask & IN_MODIFY) != 0) {
    Seen now = watched.seen;
    static_cast<void>(Look(fd, now));  // closed behind our back: then it has not grown
    Tell(*watched.knote, NOTE_WRITE | (now.size > watched.seen.size ? NOTE_EXTEND : 0U));
    watched.seen.size = now.size;
    watched.seen.modified_ns = now.modified_ns;
  }
  if ((event.mask & IN_ATTRIB) != 0) NoteAttributes(watched);
  if ((event.mask & IN_MOVE_SELF) != 0) {
    Tell(*watched.knote, NOTE_RENAME);
    if (!S_ISDIR(watched.seen.mode)) return;
    const int old = watched.parent;
    watched.parent = WatchParent(fd);
    if (old != watched.parent) Unwatch(old, fd);
  }
}

void Vnodes::NoteAttributes(Watched& watched) noexcept {
  Seen now = watched.seen;
  static_cast<void>(Look(static_cast<int>(watched.knote->asked.ident), now));
  std::swap(now, watched.seen);
  // The size is what NOTE_EXTEND compares with; a write that is still to be read must find the old one.
  watched.seen.size = now.size;
  const Seen& fresh = watched.seen;
  const bool other_attributes = fresh.mode != now.mode || fresh.user != now.user || fresh.group != now.group ||
                                fresh.modified_ns != now.modified_ns;
  const bool other_links = fresh.links != now.links;
  std::uint32_t flags = 0;
  if (other_links) flags |= NOTE_LINK;
  if (other_links && fresh.links == 0) flags |= NOTE_DELETE;
  if (other_attributes || !other_links) flags |= NOTE_ATTRIB;
  Tell(*watched.knote, flags);
}

void Vnodes::NoteEnd(Watched& watched) noexcept {
  Seen now{};
  if (!Look(static_cast<int>(watched.knote->asked.ident), now)) return;
  if (now.links != 0 || watched.seen.links == 0) return;
  watched.seen.links = 0;
  Tell(*watched.knote, NOTE_DELETE | NOTE_LINK);
}

void Vnodes::NoteLoss() noexcept {
  for (auto& entry : watched_) {
    Watched& watched = entry.second;
    Tell(*watched.knote, ~static_cast<std::uint32_t>(NOTE_DELETE));
    if (S_ISDIR(watched.seen.mode)) {
      NoteEnd(watched);
    } else {
      NoteAttributes(watched);
    }
  }
}

bool TakeVnode(Knote& knote, struct kevent& event) noexcept {
  if (knote.noted == 0) return false;
  event.fflags = knote.noted;
  if ((knote.asked.flags & EV_CLEAR) == 0) return true;
  knote.noted = 0;
  eventfd_t count = 0;
  return ::eventfd_read(knote.source.get(), &count) == 0;
}

}  // namespace kqueue_emulation
