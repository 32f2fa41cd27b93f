// Linux: inotify(7), call by call. Ids are watch descriptors, records are struct inotify_event.
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>

#include "retry.h"
#include "watch.h"

namespace shrapnel {

const char* WatchKind() noexcept { return "inotify"; }

int OpenWatch() noexcept {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

int AddWatch(int queue, int, const char* path, std::uint32_t mask, DescriptorTable&) noexcept {
  const int id = ::inotify_add_watch(queue, path, mask);
  return id >= 0 ? id : -errno;
}

int RemoveWatch(int queue, int id, DescriptorTable&) noexcept {
  return ::inotify_rm_watch(queue, id) == 0 ? 0 : -errno;
}

std::int64_t ReadWatch(int queue, void* records, std::size_t length) noexcept {
  const ssize_t count = RetryOnSignal([&] { return ::read(queue, records, length); });
  return count >= 0 ? count : -errno;
}

int ListWatched(int, const char*, std::string&) noexcept { return -ENOTSUP; }

}  // namespace shrapnel
