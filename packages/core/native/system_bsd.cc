// macOS and the BSDs. macOS has neither accept4 nor creation flags, so the flags are set one call later: a child
// forked in between by another thread inherits the descriptor. Its sendfile differs from FreeBSD's in every
// argument, so file bytes are carried by pread and send here, which both have.
#include "system.h"

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "retry.h"
#include "unique_fd.h"

namespace shrapnel {
namespace {

[[nodiscard]] int Prepare(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags == -1 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
    return -errno;
  }
#ifdef SO_NOSIGPIPE  // macOS has no MSG_NOSIGNAL of old; the option is its way. It fails on what is not a socket.
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) == -1 && errno != ENOTSOCK) return -errno;
#endif
  return 0;
}

[[nodiscard]] int PrepareOrClose(int fd) noexcept {
  UniqueFd owned(fd);
  const int failed = Prepare(fd);
  return failed == 0 ? owned.Release() : failed;
}

[[nodiscard]] int PrepareBoth(int out[2]) noexcept {
  UniqueFd first(out[0]);
  UniqueFd second(out[1]);
  int failed = Prepare(first.get());
  if (failed == 0) failed = Prepare(second.get());
  if (failed != 0) return failed;
  out[0] = first.Release();
  out[1] = second.Release();
  return 0;
}

}  // namespace

int MakeSocket(int domain, int type, int protocol) noexcept {
  const int fd = ::socket(domain, type, protocol);
  return fd >= 0 ? PrepareOrClose(fd) : -errno;
}

int MakeSocketPair(int type, int out[2]) noexcept {
  return ::socketpair(AF_UNIX, type, 0, out) == 0 ? PrepareBoth(out) : -errno;
}

int MakePipe(int out[2]) noexcept { return ::pipe(out) == 0 ? PrepareBoth(out) : -errno; }

int AcceptFrom(int listener) noexcept {
  const int fd = RetryOnSignal([&] { return ::accept(listener, nullptr, nullptr); });
  return fd >= 0 ? PrepareOrClose(fd) : -errno;
}

std::int64_t SendFile(int socket, int file, std::int64_t offset, std::int64_t length) noexcept {
  char block[65536];
  const auto want = static_cast<std::size_t>(std::min<std::int64_t>(length, sizeof block));
  ssize_t got = RetryOnSignal([&] { return ::pread(file, block, want, static_cast<off_t>(offset)); });
  if (got <= 0) return got == 0 ? 0 : -errno;
  ssize_t sent = RetryOnSignal([&] { return ::send(socket, block, static_cast<std::size_t>(got), NoSignalFlag()); });
  return sent >= 0 ? sent : -errno;
}

int PeerCredentials(int socket, Credentials& out) noexcept {
  uid_t uid = 0;
  gid_t gid = 0;
  if (::getpeereid(socket, &uid, &gid) == -1) return -errno;
  out = {0, uid, gid};
#ifdef LOCAL_PEERPID  // macOS
  pid_t pid = 0;
  socklen_t length = sizeof pid;
  if (::getsockopt(socket, SOL_LOCAL, LOCAL_PEERPID, &pid, &length) == 0) out.pid = pid;
#endif
  return 0;
}

// kqueue has no such mode: each process that watches a listener hears of each connection.
int MakeStandIn(bool) noexcept { return -ENOTSUP; }
bool ReportsByNumber(int, int) noexcept { return false; }
int AddExclusive(int, int, int) noexcept { return -ENOTSUP; }
int RemoveExclusive(int, int) noexcept { return -ENOTSUP; }

int NoSignalFlag() noexcept {
#ifdef MSG_NOSIGNAL
  return MSG_NOSIGNAL;
#else
  return 0;
#endif
}

}  // namespace shrapnel
