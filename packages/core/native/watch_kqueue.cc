// BSD and macOS: EVFILT_VNODE. Not there yet: watch() throws ENOTSUP.
#include <cerrno>

#include "watch.h"

namespace shrapnel {

const char* WatchKind() noexcept { return "vnode"; }
int OpenWatch() noexcept { return -ENOTSUP; }
int AddWatch(int, const char*, std::uint32_t) noexcept { return -ENOTSUP; }
int RemoveWatch(int, int) noexcept { return -ENOTSUP; }
std::int64_t ReadWatch(int, void*, std::size_t) noexcept { return -ENOTSUP; }

}  // namespace shrapnel
