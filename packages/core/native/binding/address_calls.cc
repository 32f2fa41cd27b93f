// Addresses as JavaScript sees them: a Buffer with the kernel's bytes, or [family, host, port].
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "../address.h"
#include "call.h"
#include "calls.h"

namespace shrapnel {
namespace {

template <std::size_t Count>
[[nodiscard]] napi_value Encoded(napi_env env, const Call<Count>& call, int failed, const Address& address) {
  if (failed != 0) return call.Number(failed);
  napi_value buffer = nullptr;
  const bool is_made = napi_create_buffer_copy(env, address.length, &address.bytes, nullptr, &buffer) == napi_ok;
  return is_made ? buffer : nullptr;
}

[[nodiscard]] napi_value Named(napi_env env, const NamedAddress& named) {
  napi_value list = nullptr, family = nullptr, host = nullptr, port = nullptr;
  if (napi_create_array_with_length(env, 3, &list) != napi_ok ||
      napi_create_int32(env, named.family, &family) != napi_ok ||
      napi_create_string_utf8(env, named.host.data(), named.host.size(), &host) != napi_ok ||
      napi_create_int32(env, named.port, &port) != napi_ok || napi_set_element(env, list, 0, family) != napi_ok ||
      napi_set_element(env, list, 1, host) != napi_ok || napi_set_element(env, list, 2, port) != napi_ok) {
    return nullptr;
  }
  return list;
}

template <typename Query>
[[nodiscard]] napi_value NameOf(napi_env env, napi_callback_info info, Query query) {
  Call<1> call(env, info);
  const int fd = call.Int(0);
  if (!call.Ok()) return call.Failed();
  sockaddr_storage bytes{};
  socklen_t length = sizeof bytes;
  if (query(fd, reinterpret_cast<sockaddr*>(&bytes), &length) == -1) return call.Number(-errno);
  return Named(env, Decode(bytes, length));
}

}  // namespace

// encodeInternet(host, port): Buffer or -errno
napi_value EncodeInternetCall(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const std::string host = call.Text(0);
  const auto port = static_cast<std::uint16_t>(call.Int(1));
  if (!call.Ok()) return call.Failed();
  Address address;
  return Encoded(env, call, EncodeInternet(host, port, address), address);
}

// encodeUnix(path): Buffer or -errno
napi_value EncodeUnixCall(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const std::string path = call.Text(0);
  if (!call.Ok()) return call.Failed();
  Address address;
  return Encoded(env, call, EncodeUnix(path, address), address);
}

// decode(buffer): [family, host, port]
napi_value DecodeCall(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const Bytes bytes = call.Buffer(0);
  if (!call.Ok()) return call.Failed();
  sockaddr_storage storage{};
  const std::size_t length = std::min(bytes.length, sizeof storage);
  if (length > 0) std::memcpy(&storage, bytes.data, length);
  return Named(env, Decode(storage, static_cast<socklen_t>(length)));
}

// socketName(fd), peerName(fd): [family, host, port] or -errno
napi_value SocketName(napi_env env, napi_callback_info info) { return NameOf(env, info, ::getsockname); }
napi_value PeerName(napi_env env, napi_callback_info info) { return NameOf(env, info, ::getpeername); }

}  // namespace shrapnel
