// Datagrams with addresses. The address travels as the kernel's own bytes: decoding it to text costs more than the
// call, and a caller that talks to one peer compares bytes instead.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "../retry.h"
#include "../system.h"
#include "call.h"
#include "calls.h"

namespace shrapnel {

// sendTo(fd, buffer, offset, length, address)
napi_value SendTo(napi_env env, napi_callback_info info) {
  Call<5> call(env, info);
  const int fd = call.Int(0);
  const Bytes from = call.Slice(1, 2, 3);
  const Bytes to = call.Buffer(4);
  if (!call.Ok()) return call.Failed();
  const ssize_t sent = RetryOnSignal([&] {
    return ::sendto(fd, from.data, from.length, NoSignalFlag(), reinterpret_cast<const sockaddr*>(to.data),
                    static_cast<socklen_t>(to.length));
  });
  return call.Number(sent >= 0 ? sent : -errno);
}

// receiveFrom(fd, buffer, address): the datagram into `buffer`; into `address` first one byte with the length of
// the address, then the address. A datagram longer than the buffer gives -EMSGSIZE: its rest is lost, say so.
napi_value ReceiveFrom(napi_env env, napi_callback_info info) {
  Call<3> call(env, info);
  const int fd = call.Int(0);
  const Bytes into = call.Buffer(1);
  const Bytes address = call.Buffer(2);
  if (!call.Ok() || address.length < 1 + sizeof(sockaddr_storage)) return call.Failed();
  iovec part{into.data, into.length};
  msghdr message{};
  message.msg_name = address.data + 1;
  message.msg_namelen = sizeof(sockaddr_storage);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ssize_t got = RetryOnSignal([&] { return ::recvmsg(fd, &message, 0); });
  if (got == -1) return call.Number(-errno);
  address.data[0] = static_cast<std::uint8_t>(message.msg_namelen);
  return call.Number((message.msg_flags & MSG_TRUNC) != 0 ? -EMSGSIZE : got);
}

// Many datagrams in one call from JavaScript are many calls to the kernel all the same: sendmmsg(2) and recvmmsg(2) were tried
// over loopback, and took as long for each datagram as send(2) and recv(2), which every system has. What costs is to come here.

// sendMany(fd, buffer, lengths, count): datagrams that lie one after another in `buffer`, to the peer of connect(2). How many the
// kernel took, fewer if it has no room; -errno if one failed: none after it was sent.
napi_value SendMany(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  const int fd = call.Int(0);
  const Bytes from = call.Buffer(1);
  const Bytes table = call.Buffer(2);
  const std::int32_t count = call.Int(3);
  if (!call.Ok() || count < 0 || table.length / sizeof(std::int32_t) < static_cast<std::size_t>(count)) return call.Failed();
  const auto* lengths = reinterpret_cast<const std::int32_t*>(table.data);
  std::size_t at = 0;
  for (std::int32_t sent = 0; sent < count; ++sent) {
    const auto length = static_cast<std::size_t>(lengths[sent]);
    if (lengths[sent] < 0 || from.length - at < length) return call.Failed();
    if (RetryOnSignal([&] { return ::send(fd, from.data + at, length, NoSignalFlag()); }) == -1)
      return call.Number(errno == EAGAIN ? sent : -errno);
    at += length;
  }
  return call.Number(count);
}

// receiveMany(fd, buffer, slot, lengths): datagrams, each into `slot` bytes of `buffer`, without their senders. How many of
// `lengths` were written: the length, or -errno, -EMSGSIZE for one that is longer than its slot. Fewer than there is room for:
// the kernel has no more.
napi_value ReceiveMany(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  const int fd = call.Int(0);
  const Bytes into = call.Buffer(1);
  const std::int32_t slot = call.Int(2);
  const Bytes table = call.Buffer(3);
  if (!call.Ok() || slot < 1) return call.Failed();
  const std::size_t room = std::min(table.length / sizeof(std::int32_t), into.length / static_cast<std::size_t>(slot));
  auto* lengths = reinterpret_cast<std::int32_t*>(table.data);
  std::size_t count = 0;
  for (; count < room; ++count) {
    iovec part{into.data + count * static_cast<std::size_t>(slot), static_cast<std::size_t>(slot)};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    const ssize_t got = RetryOnSignal([&] { return ::recvmsg(fd, &message, 0); });
    if (got == -1 && errno == EAGAIN) break;
    lengths[count] = got == -1 ? -errno : (message.msg_flags & MSG_TRUNC) != 0 ? -EMSGSIZE : static_cast<std::int32_t>(got);
  }
  return call.Number(static_cast<std::int64_t>(count));
}

}  // namespace shrapnel
