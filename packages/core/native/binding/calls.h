// What addon.cc exports, by file. Every function gives a count, a descriptor or 0, and -errno on failure; it throws
// only for arguments of a wrong type, which src/native.ts rules out.
#pragma once

#include <node_api.h>

namespace shrapnel {

// stream_calls.cc
napi_value Read(napi_env env, napi_callback_info info);
napi_value Write(napi_env env, napi_callback_info info);
napi_value WriteVector(napi_env env, napi_callback_info info);
napi_value SendFileCall(napi_env env, napi_callback_info info);

// datagram_calls.cc
napi_value SendTo(napi_env env, napi_callback_info info);
napi_value ReceiveFrom(napi_env env, napi_callback_info info);
napi_value SendMany(napi_env env, napi_callback_info info);
napi_value ReceiveMany(napi_env env, napi_callback_info info);

// descriptor_calls.cc
napi_value Socket(napi_env env, napi_callback_info info);
napi_value Watch(napi_env env, napi_callback_info info);
napi_value WatchExclusive(napi_env env, napi_callback_info info);
napi_value SetAccepting(napi_env env, napi_callback_info info);
napi_value SocketPair(napi_env env, napi_callback_info info);
napi_value Pipe(napi_env env, napi_callback_info info);
napi_value Adopt(napi_env env, napi_callback_info info);
napi_value AdoptListener(napi_env env, napi_callback_info info);
napi_value Close(napi_env env, napi_callback_info info);
napi_value OpenCount(napi_env env, napi_callback_info info);

// descriptor_passing_calls.cc
napi_value SendDescriptorCall(napi_env env, napi_callback_info info);
napi_value ReceiveDescriptorCall(napi_env env, napi_callback_info info);
napi_value PeerCredentialsCall(napi_env env, napi_callback_info info);

// socket_calls.cc
napi_value Bind(napi_env env, napi_callback_info info);
napi_value Listen(napi_env env, napi_callback_info info);
napi_value Accept(napi_env env, napi_callback_info info);
napi_value Connect(napi_env env, napi_callback_info info);
napi_value Shutdown(napi_env env, napi_callback_info info);
napi_value GetOption(napi_env env, napi_callback_info info);
napi_value SetOption(napi_env env, napi_callback_info info);
napi_value SetLinger(napi_env env, napi_callback_info info);

// process_calls.cc
napi_value Spawn(napi_env env, napi_callback_info info);
napi_value HasEndedCall(napi_env env, napi_callback_info info);
napi_value ReapCall(napi_env env, napi_callback_info info);
napi_value Kill(napi_env env, napi_callback_info info);
// signal_calls.cc
napi_value OpenSignalsCall(napi_env env, napi_callback_info info);
napi_value CatchSignalCall(napi_env env, napi_callback_info info);
napi_value ReleaseSignalCall(napi_env env, napi_callback_info info);
napi_value SetSignalDefaultCall(napi_env env, napi_callback_info info);
napi_value TakeSignalsCall(napi_env env, napi_callback_info info);

// address_calls.cc
napi_value EncodeInternetCall(napi_env env, napi_callback_info info);
napi_value EncodeUnixCall(napi_env env, napi_callback_info info);
napi_value DecodeCall(napi_env env, napi_callback_info info);
napi_value SocketName(napi_env env, napi_callback_info info);
napi_value PeerName(napi_env env, napi_callback_info info);

// watch_calls.cc
napi_value WatchKindCall(napi_env env, napi_callback_info info);
napi_value WatchOpen(napi_env env, napi_callback_info info);
napi_value WatchAdd(napi_env env, napi_callback_info info);
napi_value WatchAddIn(napi_env env, napi_callback_info info);
napi_value WatchRemove(napi_env env, napi_callback_info info);
napi_value WatchRead(napi_env env, napi_callback_info info);
napi_value WatchList(napi_env env, napi_callback_info info);
napi_value DescriptorLimit(napi_env env, napi_callback_info info);

}  // namespace shrapnel
