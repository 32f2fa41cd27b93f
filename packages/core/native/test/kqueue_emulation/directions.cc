// What it does: see directions.h. Facts that it translates:
//   - Linux says EPOLLHUP|EPOLLOUT of a stream socket that was never connected; BSD says nothing of it. Such
//     a socket is told apart by having POLLHUP without POLLRDHUP.
//   - BSD reports our own shutdown(SHUT_WR) as EV_EOF on EVFILT_WRITE, Linux as plain writability. For TCP
//     its state tells; for UNIX sockets this is not emulated.
//   - BSD gives the socket's pending error in `fflags` and leaves it pending. Linux can only take it
//     (SO_ERROR), which would steal it from the reader: so `fflags` is EIO, whatever the error is.
//   - A kqueue can be read by another kqueue and not written: BSD refuses that; epoll takes its own kind for
//     anything.
#include "directions.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "knote.h"

// The kernel's header has it; glibc's netinet headers do not.
#include <linux/sockios.h>

namespace kqueue_emulation {
namespace {

// -1 if `fd` is no socket.
[[nodiscard]] int SocketOption(int fd, int option) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == -1 ? -1 : value;
}

[[nodiscard]] bool WasNeverConnected(int fd) noexcept {
  if (SocketOption(fd, SO_TYPE) != SOCK_STREAM) return false;
  pollfd probe{fd, POLLRDHUP, 0};
  return ::poll(&probe, 1, 0) == 1 && (probe.revents & POLLHUP) != 0 && (probe.revents & POLLRDHUP) == 0;
}

[[nodiscard]] bool ShutOurSide(int fd) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == -1) return false;
  switch (info.tcpi_state) {
    case TCP_FIN_WAIT1:
    case TCP_FIN_WAIT2:
    case TCP_CLOSING:
    case TCP_LAST_ACK:
    case TCP_TIME_WAIT:
      return true;
    default:
      return false;
  }
}

[[nodiscard]] bool IsQueue(int fd) noexcept {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  char target[32] = {};
  return ::readlink(path.c_str(), target, sizeof target - 1) > 0 &&
         std::strcmp(target, "anon_inode:[eventpoll]") == 0;
}

// The backlog's length is not to be had, so a listener has "one" connection.
[[nodiscard]] int BytesToRead(int fd) noexcept {
  if (SocketOption(fd, SO_ACCEPTCONN) == 1) return 1;
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == -1 ? 1 : bytes;
}

[[nodiscard]] int RoomToWrite(int fd) noexcept {
  int queued = 0;
  const int size = SocketOption(fd, SO_SNDBUF);
  if (size >= 0) return ::ioctl(fd, SIOCOUTQ, &queued) == -1 || queued > size ? 0 : size - queued;
  const int pipe_size = ::fcntl(fd, F_GETPIPE_SZ);
  if (pipe_size == -1 || ::ioctl(fd, FIONREAD, &queued) == -1) return 1;
  return pipe_size - queued;
}

[[nodiscard]] bool DescribeRead(int fd, std::uint32_t epoll_events, struct kevent& event) noexcept {
  event.data = BytesToRead(fd);
  const bool ended = (epoll_events & (EPOLLRDHUP | EPOLLHUP)) != 0;
  if (ended) event.flags |= EV_EOF;
  // An error that ends nothing (a refused datagram) makes a socket readable and no more.
  if (ended && (epoll_events & EPOLLERR) != 0) event.fflags = EIO;
  return true;
}

[[nodiscard]] bool DescribeWrite(int fd, std::uint32_t epoll_events, struct kevent& event) noexcept {
  event.data = RoomToWrite(fd);
  const bool datagrams = SocketOption(fd, SO_TYPE) == SOCK_DGRAM;
  const bool broken = !datagrams && (epoll_events & (EPOLLERR | EPOLLHUP)) != 0;
  if (broken || ShutOurSide(fd)) event.flags |= EV_EOF;
  if (broken && (epoll_events & EPOLLERR) != 0) event.fflags = EIO;
  return true;
}

[[nodiscard]] bool DescribeExcept(std::uint32_t epoll_events, struct kevent& event) noexcept {
  if ((epoll_events & EPOLLPRI) != 0) event.fflags = NOTE_OOB;
  if ((epoll_events & EPOLLHUP) != 0) event.flags |= EV_EOF;
  return (epoll_events & (EPOLLPRI | EPOLLHUP)) != 0;
}

}  // namespace

std::uint32_t DirectionInterest(int filter) noexcept {
  if (filter == EVFILT_READ) return EPOLLIN | EPOLLRDHUP;
  return filter == EVFILT_WRITE ? EPOLLOUT : EPOLLPRI;
}

int CheckDirection(const struct kevent& change) noexcept {
  const int fd = static_cast<int>(change.ident);
  if (change.filter == kExceptFilter) {
    return (change.fflags & NOTE_OOB) != 0 && SocketOption(fd, SO_TYPE) != -1 ? 0 : EINVAL;
  }
  if (change.filter == EVFILT_WRITE && IsQueue(fd)) return EINVAL;
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags == -1) return errno;
  return (flags & O_ACCMODE) == (change.filter == EVFILT_WRITE ? O_RDONLY : O_WRONLY) ? EINVAL : 0;
}

bool DescribeDirection(std::uint32_t epoll_events, struct kevent& event) noexcept {
  const int fd = static_cast<int>(event.ident);
  if ((epoll_events & EPOLLHUP) != 0 && WasNeverConnected(fd)) return false;
  if (event.filter == EVFILT_READ) return DescribeRead(fd, epoll_events, event);
  if (event.filter == EVFILT_WRITE) return DescribeWrite(fd, epoll_events, event);
  return DescribeExcept(epoll_events, event);
}

}  // namespace kqueue_emulation
