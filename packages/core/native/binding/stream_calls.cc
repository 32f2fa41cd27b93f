// Bytes in and out of stream descriptors. Reads and writes never block: -EAGAIN says "wait for the poller".
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "../retry.h"
#include "../system.h"
#include "call.h"
#include "calls.h"

namespace shrapnel {
namespace {

// Linux and the BSDs take at most IOV_MAX (1024) parts a call; more than that is sent by the next one.
constexpr std::size_t kMostParts = 1024;

// What one call sends at most. The kernel goes on sending while the peer goes on reading, and a quick peer would keep
// the thread in one call for as long as there are bytes. JavaScript sees to it for `write` and `sendFile`.
constexpr std::size_t kMostBytes = 1024 * 1024;

[[nodiscard]] ssize_t SendParts(int fd, iovec* parts, std::size_t count) noexcept {
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(count);
  ssize_t sent = RetryOnSignal([&] { return ::sendmsg(fd, &message, NoSignalFlag()); });
  if (sent == -1 && errno == ENOTSOCK) {
    sent = RetryOnSignal([&] { return ::writev(fd, parts, static_cast<int>(count)); });
  }
  return sent >= 0 ? sent : -errno;
}

}  // namespace

// read(fd, buffer, offset, length)
napi_value Read(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  const int fd = call.Int(0);
  const Bytes into = call.Slice(1, 2, 3);
  if (!call.Ok()) return call.Failed();
  ssize_t got = RetryOnSignal([&] { return ::read(fd, into.data, into.length); });
  return call.Number(got >= 0 ? got : -errno);
}

// write(fd, buffer, offset, length)
napi_value Write(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  const int fd = call.Int(0);
  const Bytes from = call.Slice(1, 2, 3);
  if (!call.Ok()) return call.Failed();
  ssize_t sent = RetryOnSignal([&] { return ::send(fd, from.data, from.length, NoSignalFlag()); });
  if (sent == -1 && errno == ENOTSOCK) {
    sent = RetryOnSignal([&] { return ::write(fd, from.data, from.length); });
  }
  return call.Number(sent >= 0 ? sent : -errno);
}

// writev(fd, buffers, first, offset): all of `buffers` from index `first`, whose first `offset` bytes are left out.
napi_value WriteVector(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  const int fd = call.Int(0);
  const std::int32_t first = call.Int(2);
  const std::int32_t offset = call.Int(3);
  std::uint32_t length = 0;
  if (!call.Ok() || napi_get_array_length(env, call[1], &length) != napi_ok) return call.Failed();

  iovec parts[kMostParts];
  std::size_t count = 0;
  std::size_t left = kMostBytes;
  for (auto index = static_cast<std::uint32_t>(first); index < length && count < kMostParts && left > 0; ++index) {
    napi_value element = nullptr;
    void* data = nullptr;
    std::size_t size = 0;
    if (napi_get_element(env, call[1], index, &element) != napi_ok ||
        napi_get_buffer_info(env, element, &data, &size) != napi_ok) {
      return call.Failed();
    }
    const std::size_t skip = count == 0 ? std::min(size, static_cast<std::size_t>(offset)) : 0;
    const std::size_t taken = std::min(size - skip, left);
    parts[count++] = {static_cast<std::uint8_t*>(data) + skip, taken};
    left -= taken;
  }
  return call.Number(SendParts(fd, parts, count));
}

// sendFile(socket, file, offset, length)
napi_value SendFileCall(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  const int socket = call.Int(0);
  const int file = call.Int(1);
  const std::int64_t offset = call.Long(2);
  const std::int64_t length = call.Long(3);
  if (!call.Ok()) return call.Failed();
  return call.Number(SendFile(socket, file, offset, length));
}

}  // namespace shrapnel
