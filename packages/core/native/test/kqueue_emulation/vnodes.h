// EVFILT_VNODE: what inotify says of the files of one queue, told as a BSD kernel would. One inotify instance
// for the queue; each knote has an eventfd as its source, which is readable while it has flags to tell.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <sys/event.h>
#include <sys/inotify.h>
#include <utility>

#include "knote.h"

namespace kqueue_emulation {

class Vnodes {
 public:
  // -1 until the first knote. Readable while Read would find something.
  [[nodiscard]] int descriptor() const noexcept { return inotify_.get(); }

  // Makes the inotify instance unless it is there. 0 or an errno.
  [[nodiscard]] int Open() noexcept;

  // Watches the file of `knote`, whose address must last until Remove, and gives it its source. 0 or an errno.
  [[nodiscard]] int Add(Knote& knote) noexcept;

  // Stops watching, also if the number of the file was closed meanwhile.
  void Remove(const Knote& knote) noexcept;

  // True if the number is another file than the one that was added.
  [[nodiscard]] bool IsStale(const Knote& knote) const noexcept;

  // Takes all that inotify has and notes it in the knotes.
  void Read() noexcept;

 private:
  struct Seen {
    dev_t device;
    ino_t inode;
    nlink_t links;
    off_t size;
    mode_t mode;
    uid_t user;
    gid_t group;
    std::int64_t modified_ns;
  };
  struct Watched {
    Knote* knote = nullptr;
    int own = -1;
    int parent = -1;  // of a directory: inotify tells of its end only there, while it is open
    Seen seen{};
  };

  [[nodiscard]] static bool Look(int fd, Seen& out) noexcept;
  [[nodiscard]] int Watch(int fd, const std::string& path, std::uint32_t mask) noexcept;
  [[nodiscard]] int WatchParent(int fd) noexcept;
  void Unwatch(int watch, int fd) noexcept;
  void Note(const inotify_event& event) noexcept;
  void NoteOwn(Watched& watched, const inotify_event& event) noexcept;
  void NoteAttributes(Watched& watched) noexcept;
  void NoteEnd(Watched& watched) noexcept;
  void NoteLoss() noexcept;

  HiddenFd inotify_;
  std::map<int, Watched> watched_;      // by the number that was added
  std::set<std::pair<int, int>> users_;  // each watch with the numbers that it is for
};

// Takes what is noted and fills `fflags` of `event`. False if there was nothing.
[[nodiscard]] bool TakeVnode(Knote& knote, struct kevent& event) noexcept;

}  // namespace kqueue_emulation
