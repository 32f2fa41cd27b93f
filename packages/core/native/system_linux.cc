// Linux: creation flags are atomic with creation, so no descriptor leaks into a child forked in between.
#include "system.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "retry.h"

namespace shrapnel {
namespace {

// As libuv fills it: all of it zero but the number.
[[nodiscard]] epoll_data_t Named(int fd) noexcept {
  epoll_data_t data{};
  data.u64 = 0;
  data.fd = fd;
  return data;
}

}  // namespace

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

int MakeStandIn(bool is_ready) noexcept {
  const int fd = ::eventfd(is_ready ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd >= 0 ? fd : -errno;
}

bool ReportsByNumber(int set, int fd) noexcept {
  epoll_event events[8];
  const int count = RetryOnSignal([&] { return ::epoll_wait(set, events, 8, 0); });
  for (int i = 0; i < count; i++) {
    if ((events[i].events & EPOLLIN) != 0 && events[i].data.u64 == Named(fd).u64) return true;
  }
  return false;
}

int AddExclusive(int set, int fd, int reported_as) noexcept {
  epoll_event event{};
  event.events = EPOLLIN | static_cast<std::uint32_t>(EPOLLEXCLUSIVE);
  event.data = Named(reported_as);
  return ::epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

int RemoveExclusive(int set, int fd) noexcept {
  epoll_event unused{};
  return ::epoll_ctl(set, EPOLL_CTL_DEL, fd, &unused) == 0 ? 0 : -errno;
}

int NoSignalFlag() noexcept { return MSG_NOSIGNAL; }

}  // namespace shrapnel
