// Changes of files: the kernel's own queue of them, and nothing else. The build picks watch_inotify.cc or
// watch_kqueue.cc; what the records mean is read in src/watch/inotify-source.ts and vnode-source.ts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "descriptor_table.h"

namespace shrapnel {

// What watch_kqueue.cc is asked for and tells, as bits that JavaScript reads too: its records are pairs of 32-bit words,
// the id and these.
enum VnodeChange : std::uint32_t {
  kWritten = 1,     // bytes of a file; names in a folder
  kAttributes = 2,  // on some systems also the size, when a file is cut
  kMoved = 4,
  kRemoved = 8,  // one of its names; or its file system
};

// Which of the two this is: "inotify" or "vnode".
[[nodiscard]] const char* WatchKind() noexcept;

// A queue: a descriptor that is readable while changes are queued, non-blocking and closed on exec; or -errno.
[[nodiscard]] int OpenWatch() noexcept;

// Adds the file at `path` to the queue, for the changes in `mask`. A number that names it in the records, or -errno.
// Where a kernel watches by descriptor, that number is one, kept in `opened`: `path` may then begin at `folder`, another
// such number (-1: it does not), and symlinks at its end are watched themselves. Opening has no effect on the file.
[[nodiscard]] int AddWatch(int queue, int folder, const char* path, std::uint32_t mask, DescriptorTable& opened) noexcept;

// Takes `id` out again. 0 or -errno.
[[nodiscard]] int RemoveWatch(int queue, int id, DescriptorTable& opened) noexcept;

// Takes as many records as fit. Their bytes, or -errno: -EAGAIN when there are none.
[[nodiscard]] std::int64_t ReadWatch(int queue, void* records, std::size_t length) noexcept;

// Where ids are descriptors: appends what the folder `id` holds, or only the entry `only` unless that is empty. For each 8
// bytes that name the file in its file system, a letter (f: file, d: folder, o: other), the length of the name (16 bits, little
// end first), the name. 0 or -errno.
[[nodiscard]] int ListWatched(int id, const char* only, std::string& out) noexcept;

}  // namespace shrapnel
