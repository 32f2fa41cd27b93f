// Descriptors and credentials through UNIX sockets. A descriptor received here is the caller's: it is in no table until
// adopt() takes it.
#include <cerrno>

#include "../descriptor_passing.h"
#include "../system.h"
#include "call.h"
#include "calls.h"

namespace shrapnel {

// sendDescriptor(fd, passed): 1 when it is sent
napi_value SendDescriptorCall(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int fd = call.Int(0);
  const int passed = call.Int(1);
  if (!call.Ok()) return call.Failed();
  return call.Number(SendDescriptor(fd, passed));
}

// receiveDescriptor(fd, out): 1, or 0 at the end. `out` is an Int32Array of three: how many descriptors came with the
// byte, the descriptor if it was one, and the byte.
napi_value ReceiveDescriptorCall(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int fd = call.Int(0);
  const Bytes out = call.Buffer(1);
  if (!call.Ok() || out.length < 3 * sizeof(std::int32_t)) return call.Failed();
  ReceivedByte received;
  const int result = ReceiveDescriptor(fd, received);
  auto* facts = reinterpret_cast<std::int32_t*>(out.data);
  facts[0] = received.count;
  facts[2] = received.byte;
  facts[1] = result == 1 ? received.fd.Release() : -1;
  return call.Number(result);
}

// peerCredentials(fd, out): `out` is a Float64Array of three: pid (0: not known), uid, gid
napi_value PeerCredentialsCall(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int fd = call.Int(0);
  const Bytes out = call.Buffer(1);
  if (!call.Ok() || out.length < 3 * sizeof(double)) return call.Failed();
  Credentials peer{};
  const int failed = PeerCredentials(fd, peer);
  auto* facts = reinterpret_cast<double*>(out.data);
  facts[0] = static_cast<double>(peer.pid);
  facts[1] = static_cast<double>(peer.uid);
  facts[2] = static_cast<double>(peer.gid);
  return call.Number(failed);
}

}  // namespace shrapnel
