// The few calls that differ between kernels beside the poller. The build picks system_linux.cc or system_bsd.cc.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>

namespace shrapnel {

// Every descriptor made here is non-blocking and closed on exec. Results: a descriptor, or -errno.
[[nodiscard]] int MakeSocket(int domain, int type, int protocol) noexcept;
[[nodiscard]] int MakeSocketPair(int type, int out[2]) noexcept;
[[nodiscard]] int MakePipe(int out[2]) noexcept;
[[nodiscard]] int AcceptFrom(int listener) noexcept;

// Bytes sent from `file` at `offset`, or -errno. A short count is not an error.
[[nodiscard]] std::int64_t SendFile(int socket, int file, std::int64_t offset, std::int64_t length) noexcept;

// Who made the other end of a UNIX socket, or called listen(2) on it.
struct Credentials {
  std::int64_t pid;  // 0: the kernel does not say
  std::int64_t uid;
  std::int64_t gid;
};

// 0 or -errno; -ENOTCONN if there never was a peer.
[[nodiscard]] int PeerCredentials(int socket, Credentials& out) noexcept;

// For exclusive_watch.h; -ENOTSUP where a kernel cannot wake one of several processes. `set` is an epoll set.
[[nodiscard]] int MakeStandIn(bool is_ready) noexcept;  // a descriptor that is always ready to be read, or never
[[nodiscard]] bool ReportsByNumber(int set, int fd) noexcept;  // whether `fd`, which is ready, is reported by its number
[[nodiscard]] int AddExclusive(int set, int fd, int reported_as) noexcept;
[[nodiscard]] int RemoveExclusive(int set, int fd) noexcept;

// Flags for send and sendmsg that keep a reset peer from raising SIGPIPE.
[[nodiscard]] int NoSignalFlag() noexcept;

}  // namespace shrapnel
