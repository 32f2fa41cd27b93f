// Descriptors come to life and end here: each is owned by the table and known to the poller, or it does not exist.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "../system.h"
#include "call.h"
#include "calls.h"

namespace shrapnel {
namespace {

// Registers a new descriptor with table and poller; it is closed again if the poller refuses it.
[[nodiscard]] int Own(Loop& loop, int fd) {
  if (fd < 0) return fd;
  const int failed = loop.poller().Add(fd);
  if (failed != 0) {
    UniqueFd closing(fd);
    return failed;
  }
  loop.descriptors().Put(fd);
  return fd;
}

[[nodiscard]] napi_value Two(napi_env env, int first, int second) {
  napi_value list = nullptr, one = nullptr, two = nullptr;
  if (napi_create_array_with_length(env, 2, &list) != napi_ok || napi_create_int32(env, first, &one) != napi_ok ||
      napi_create_int32(env, second, &two) != napi_ok || napi_set_element(env, list, 0, one) != napi_ok ||
      napi_set_element(env, list, 1, two) != napi_ok) {
    return nullptr;
  }
  return list;
}

[[nodiscard]] napi_value OwnBoth(napi_env env, Loop& loop, int failed, const int (&pair)[2]) {
  if (failed != 0) return Two(env, failed, failed);
  UniqueFd second(pair[1]);
  const int first = Own(loop, pair[0]);
  if (first < 0) return Two(env, first, first);
  const int other = Own(loop, second.Release());
  if (other < 0) {
    static_cast<void>(loop.poller().Remove(first));  // It was added a line above; the close below ends it anyway.
    UniqueFd closing(loop.descriptors().Take(first));
    return Two(env, other, other);
  }
  return Two(env, first, other);
}

}  // namespace

// socket(family, type, protocol). Not watched yet: epoll calls a socket broken that was never told to connect or
// listen, so watch() comes after connect(), listen() or bind().
napi_value Socket(napi_env env, napi_callback_info info) {
  Call<3> call(env, info);
  const int family = call.Int(0);
  const int type = call.Int(1);
  const int protocol = call.Int(2);
  if (!call.Ok()) return call.Failed();
  const int fd = MakeSocket(family, type, protocol);
  if (fd >= 0) call.loop().descriptors().Put(fd);
  return call.Number(fd);
}

// watch(fd): its readiness is reported from now on
napi_value Watch(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const int fd = call.Int(0);
  if (!call.Ok()) return call.Failed();
  return call.Number(call.loop().descriptors().Has(fd) ? call.loop().poller().Add(fd) : -EBADF);
}

// watchExclusive(fd): as watch(), of a listener that other processes share, while setAccepting(fd, 1) holds.
// -ENOTSUP: the system has no such thing.
napi_value WatchExclusive(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const int fd = call.Int(0);
  if (!call.Ok()) return call.Failed();
  return call.Number(call.loop().descriptors().Has(fd) ? call.loop().WatchExclusively(fd) : -EBADF);
}

// setAccepting(fd, isAccepting): whether somebody waits to accept from it
napi_value SetAccepting(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int fd = call.Int(0);
  const int is_accepting = call.Int(1);
  if (!call.Ok()) return call.Failed();
  return call.Number(call.loop().SetAccepting(fd, is_accepting != 0));
}

// socketPair(type): [fd, fd] or [-errno, -errno]
napi_value SocketPair(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const int type = call.Int(0);
  if (!call.Ok()) return call.Failed();
  int pair[2] = {-1, -1};
  const int failed = MakeSocketPair(type, pair);
  return OwnBoth(env, call.loop(), failed, pair);
}

// pipe(): [read end, write end] or [-errno, -errno]
napi_value Pipe(napi_env env, napi_callback_info info) {
  Call<0> call(env, info);
  if (!call.Ok()) return call.Failed();
  int pair[2] = {-1, -1};
  const int failed = MakePipe(pair);
  return OwnBoth(env, call.loop(), failed, pair);
}

// adopt(fd): takes over a descriptor that somebody else opened: a socket, a pipe or a terminal. A regular file is
// always ready, which no poller can wait for: -EPERM, as epoll says it.
napi_value Adopt(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  int fd = call.Int(0);
  if (!call.Ok()) return call.Failed();
  struct stat facts {};
  if (::fstat(fd, &facts) == -1) return call.Number(-errno);
  if (call.loop().descriptors().Has(fd)) return call.Number(-EEXIST);
  if (S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode)) return call.Number(-EPERM);
  if (::isatty(fd) == 1) {
    // O_NONBLOCK belongs to the open file, which the shell that started us shares: reopen the terminal instead.
    char path[256];
    const int unnamed = ::ttyname_r(fd, path, sizeof path);
    if (unnamed != 0) return call.Number(-unnamed);
    const int access = ::fcntl(fd, F_GETFL);
    if (access == -1) return call.Number(-errno);
    const int fresh = ::open(path, (access & O_ACCMODE) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    return call.Number(fresh == -1 ? -errno : Own(call.loop(), fresh));
  }
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags == -1 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1) return call.Number(-errno);
  const int failed = call.loop().poller().Add(fd);
  if (failed == 0) call.loop().descriptors().Put(fd);
  return call.Number(failed == 0 ? fd : failed);
}

// adoptListener(fd): takes over a listening socket that somebody else opened. Not watched yet, as with socket().
// -EINVAL: a socket that does not listen.
napi_value AdoptListener(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const int fd = call.Int(0);
  if (!call.Ok()) return call.Failed();
  if (call.loop().descriptors().Has(fd)) return call.Number(-EEXIST);
  int is_listening = 0;
  socklen_t length = sizeof is_listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) == -1) {
    // macOS has the name of the option and no answer: there the first accept tells.
    if (errno != ENOPROTOOPT) return call.Number(-errno);
    is_listening = 1;
  }
  if (is_listening == 0) return call.Number(-EINVAL);
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags == -1 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
    return call.Number(-errno);
  }
  call.loop().descriptors().Put(fd);
  return call.Number(fd);
}

// close(fd)
napi_value Close(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const int fd = call.Int(0);
  if (!call.Ok()) return call.Failed();
  if (!call.loop().descriptors().Has(fd)) return call.Number(-EBADF);
  call.loop().Unwatch(fd);
  // Out of the poller first: a duplicate in another process would keep the registration alive (epoll(7), Q6).
  const int failed = call.loop().poller().Remove(fd);
  UniqueFd closing(call.loop().descriptors().Take(fd));
  return call.Number(failed);
}

// openCount(): how many descriptors this thread owns
napi_value OpenCount(napi_env env, napi_callback_info info) {
  Call<0> call(env, info);
  if (!call.Ok()) return call.Failed();
  return call.Number(static_cast<std::int64_t>(call.loop().descriptors().open()));
}

}  // namespace shrapnel
