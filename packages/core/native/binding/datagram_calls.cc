// Datagrams with addresses. The address travels as the kernel's own bytes: decoding it to text costs more than the
// call, and a caller that talks to one peer compares bytes instead.
#include <sys/socket.h>

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

}  // namespace shrapnel
