// Bytes through an engine. `fd` is a socket, or -1 for an engine whose bytes come by `feed` and go by `takeOutput`.
#include <algorithm>

#include "../descriptor_io.h"
#include "calls.h"
#include "held.h"

namespace shrapnel {

// handshake(engine, fd, mayReceive, trustsShortReads)
napi_value Handshake(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const int fd = call.Int(1);
  const bool may_receive = call.Flag(2);
  const bool trusts_short = call.Flag(3);
  if (!call.Ok()) return call.Failed();
  return call.Number(DescriptorIo(call.environment(), *engine, fd).Handshake(may_receive, trusts_short));
}

// read(engine, fd, buffer, offset, length, trustsShortReads)
napi_value Read(napi_env env, napi_callback_info info) {
  Call<6> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const int fd = call.Int(1);
  const Bytes into = call.Slice(2, 3, 4);
  const bool trusts_short = call.Flag(5);
  if (!call.Ok()) return call.Failed();
  return call.Number(DescriptorIo(call.environment(), *engine, fd).Read(into, trusts_short));
}

// write(engine, fd, buffer, offset, length)
napi_value Write(napi_env env, napi_callback_info info) {
  Call<5> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const int fd = call.Int(1);
  const Bytes from = call.Slice(2, 3, 4);
  if (!call.Ok()) return call.Failed();
  return call.Number(DescriptorIo(call.environment(), *engine, fd).Write({from.data, from.length}));
}

// flush(engine, fd)
napi_value Flush(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const int fd = call.Int(1);
  if (!call.Ok()) return call.Failed();
  return call.Number(DescriptorIo(call.environment(), *engine, fd).Flush());
}

// shutdown(engine, fd)
napi_value Shutdown(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const int fd = call.Int(1);
  if (!call.Ok()) return call.Failed();
  return call.Number(DescriptorIo(call.environment(), *engine, fd).Shutdown());
}

// pull(engine, fd): takes what the socket has, for a write or a shutdown that gave kWantRead.
napi_value Pull(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const int fd = call.Int(1);
  if (!call.Ok()) return call.Failed();
  return call.Number(DescriptorIo(call.environment(), *engine, fd).Pull());
}

// close(engine, fd, saysEnd): everything but closing the descriptor; what the engine holds goes now.
napi_value Close(napi_env env, napi_callback_info info) {
  Call<3> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const int fd = call.Int(1);
  const bool says_end = call.Flag(2);
  if (!call.Ok()) return call.Failed();
  DescriptorIo(call.environment(), *engine, fd).Close(says_end);
  call.External<HeldEngine>(0)->value.reset();
  return call.Number(0);
}

// feed(engine, bytes): ciphertext that came. 0 or -ENOMEM.
napi_value Feed(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const Bytes bytes = call.Buffer(1);
  if (!call.Ok()) return call.Failed();
  return call.Number(engine->stash().Append(bytes.data, bytes.length) ? 0 : -ENOMEM);
}

// takeOutput(engine): the ciphertext to be sent, which is the caller's from here on; undefined if there is none.
napi_value TakeOutput(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  if (!call.Ok()) return call.Failed();
  ByteBuffer& pending = engine->pending();
  if (pending.empty()) return nullptr;
  napi_value taken = call.Copy(pending.bytes());
  if (taken != nullptr) pending.Release();
  return taken;
}

}  // namespace shrapnel
