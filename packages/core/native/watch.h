// Changes of files: the kernel's own queue of them, and nothing else. The build picks watch_inotify.cc or
// watch_kqueue.cc; what the records mean is read in src/watch/inotify-source.ts and vnode-source.ts.
#pragma once

#include <cstddef>
#include <cstdint>

namespace shrapnel {

// Which of the two this is: "inotify" or "vnode".
[[nodiscard]] const char* WatchKind() noexcept;

// A queue: a descriptor that is readable while changes are queued, non-blocking and closed on exec; or -errno.
[[nodiscard]] int OpenWatch() noexcept;

// Adds the file at `path` to the queue, for the changes in `mask`. A number that names it in the records, or -errno.
[[nodiscard]] int AddWatch(int queue, const char* path, std::uint32_t mask) noexcept;

// Takes `id` out again. 0 or -errno.
[[nodiscard]] int RemoveWatch(int queue, int id) noexcept;

// Takes as many records as fit. Their bytes, or -errno: -EAGAIN when there are none.
[[nodiscard]] std::int64_t ReadWatch(int queue, void* records, std::size_t length) noexcept;

}  // namespace shrapnel
