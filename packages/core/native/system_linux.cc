// Linux: creation flags are atomic with creation, so no descriptor leaks into a child forked in between.
#include "system.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "retry.h"

namespace shrapnel {

int MakeSocket(int domain, int type, int protocol) noexcept {
  const int fd = ::socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  return fd >= 0 ? fd : -errno;
}

int MakeSocketPair(int type, int out[2]) noexcept {
  return ::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, out) == 0 ? 0 : -errno;
}

int MakePipe(int out[2]) noexcept { return ::pipe2(out, O_NONBLOCK | O_CLOEXEC) == 0 ? 0 : -errno; }

int AcceptFrom(int listener) noexcept {
  const int fd = RetryOnSignal([&] { return ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); });
  return fd >= 0 ? fd : -errno;
}

std::int64_t SendFile(int socket, int file, std::int64_t offset, std::int64_t length) noexcept {
  // sendfile(2) moves at most 0x7ffff000 bytes a call whatever is asked.
  constexpr std::int64_t kMost = 0x7ffff000;
  off_t at = static_cast<off_t>(offset);
  const auto count = static_cast<std::size_t>(std::min(length, kMost));
  ssize_t sent = RetryOnSignal([&] { return ::sendfile(socket, file, &at, count); });
  return sent >= 0 ? sent : -errno;
}

int PeerCredentials(int socket, Credentials& out) noexcept {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == -1) return -errno;
  // A socket without a peer is not refused: its ids are -1 (socket(7)). A pid of 0 alone is a process of another namespace.
  if (peer.pid == 0 && peer.uid == static_cast<uid_t>(-1)) return -ENOTCONN;
  out = {peer.pid, peer.uid, peer.gid};
  return 0;
}

int NoSignalFlag() noexcept { return MSG_NOSIGNAL; }

}  // namespace shrapnel
