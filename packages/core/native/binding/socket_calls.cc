// Sockets before and after the bytes: names, connections, options.
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "../retry.h"
#include "../system.h"
#include "call.h"
#include "calls.h"

namespace shrapnel {
namespace {

[[nodiscard]] const sockaddr* AddressOf(const Bytes& bytes) { return reinterpret_cast<const sockaddr*>(bytes.data); }
[[nodiscard]] int OrErrno(int result) { return result == -1 ? -errno : result; }

}  // namespace

// bind(fd, address)
napi_value Bind(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int fd = call.Int(0);
  const Bytes address = call.Buffer(1);
  if (!call.Ok()) return call.Failed();
  return call.Number(OrErrno(::bind(fd, AddressOf(address), static_cast<socklen_t>(address.length))));
}

// listen(fd, backlog)
napi_value Listen(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int fd = call.Int(0);
  const int backlog = call.Int(1);
  if (!call.Ok()) return call.Failed();
  return call.Number(OrErrno(::listen(fd, backlog)));
}

// accept(fd): a descriptor the poller knows already
napi_value Accept(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const int listener = call.Int(0);
  if (!call.Ok()) return call.Failed();
  const int fd = AcceptFrom(listener);
  if (fd < 0) return call.Number(fd);
  const int failed = call.loop().poller().Add(fd);
  if (failed != 0) {
    UniqueFd closing(fd);
    return call.Number(failed);
  }
  call.loop().descriptors().Put(fd);
  return call.Number(fd);
}

// connect(fd, address): -EINPROGRESS is the ordinary answer. A signal does not stop it: it goes on as if
// EINPROGRESS had been said (connect(2)), so it must not be called again.
napi_value Connect(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int fd = call.Int(0);
  const Bytes address = call.Buffer(1);
  if (!call.Ok()) return call.Failed();
  const int result = OrErrno(::connect(fd, AddressOf(address), static_cast<socklen_t>(address.length)));
  return call.Number(result == -EINTR ? -EINPROGRESS : result);
}

// shutdown(fd, how)
napi_value Shutdown(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int fd = call.Int(0);
  const int how = call.Int(1);
  if (!call.Ok()) return call.Failed();
  return call.Number(OrErrno(::shutdown(fd, how)));
}

// getOption(fd, level, name, out): `out` is an Int32Array of two: value, 0
napi_value GetOption(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  const int fd = call.Int(0);
  const int level = call.Int(1);
  const int name = call.Int(2);
  const Bytes out = call.Buffer(3);
  if (!call.Ok() || out.length < sizeof(int)) return call.Failed();
  socklen_t length = sizeof(int);
  return call.Number(OrErrno(::getsockopt(fd, level, name, out.data, &length)));
}

// setOption(fd, level, name, value)
napi_value SetOption(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  const int fd = call.Int(0);
  const int level = call.Int(1);
  const int name = call.Int(2);
  const int value = call.Int(3);
  if (!call.Ok()) return call.Failed();
  return call.Number(OrErrno(::setsockopt(fd, level, name, &value, sizeof value)));
}

// setLinger(fd, seconds): a close then waits so long; 0 makes it send RST (socket(7), SO_LINGER)
napi_value SetLinger(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int fd = call.Int(0);
  const int seconds = call.Int(1);
  if (!call.Ok()) return call.Failed();
  const linger value{1, seconds};
  return call.Number(OrErrno(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value)));
}

}  // namespace shrapnel
