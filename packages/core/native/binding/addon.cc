// The addon's face: a table of functions, bound to the loop of the thread that loads it. What is not in this table
// does not exist; src/native.ts types it.
#include <napi.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "../system.h"
#include "call.h"
#include "calls.h"

namespace shrapnel {
namespace {

// start(events, shared, dispatch): `events` is an Int32Array of pairs, `shared` one of two; both are kept by the caller.
napi_value Start(napi_env env, napi_callback_info info) {
  Call<3> call(env, info);
  const Bytes events = call.Buffer(0);
  const Bytes shared = call.Buffer(1);
  if (!call.Ok() || shared.length < sizeof(Shared)) return call.Failed();
  const auto capacity = static_cast<int>(events.length / sizeof(Event));
  return call.Number(call.loop().Start(reinterpret_cast<Event*>(events.data), capacity,
                                       reinterpret_cast<Shared*>(shared.data), call[2]));
}

napi_value KeepAlive(napi_env env, napi_callback_info info) {
  Call<0> call(env, info);
  if (!call.Ok()) return call.Failed();
  call.loop().KeepAlive();
  return nullptr;
}

napi_value SinceWake(napi_env env, napi_callback_info info) {
  Call<0> call(env, info);
  napi_value result = nullptr;
  if (!call.Ok() || napi_create_double(env, call.loop().SinceWakeMs(), &result) != napi_ok) return call.Failed();
  return result;
}

napi_value Poll(napi_env env, napi_callback_info info) {
  Call<0> call(env, info);
  if (!call.Ok()) return call.Failed();
  const int count = call.loop().PollOnce();
  return call.Number(count);
}

struct Entry {
  const char* name;
  napi_callback function;
};

constexpr Entry kFunctions[] = {
    {"start", Start},
    {"keepAlive", KeepAlive},
    {"poll", Poll},
    {"sinceWake", SinceWake},
    {"read", Read},
    {"write", Write},
    {"writev", WriteVector},
    {"sendFile", SendFileCall},
    {"sendTo", SendTo},
    {"receiveFrom", ReceiveFrom},
    {"sendMany", SendMany},
    {"receiveMany", ReceiveMany},
    {"socket", Socket},
    {"watch", Watch},
    {"watchExclusive", WatchExclusive},
    {"setAccepting", SetAccepting},
    {"socketPair", SocketPair},
    {"pipe", Pipe},
    {"adopt", Adopt},
    {"adoptListener", AdoptListener},
    {"sendDescriptor", SendDescriptorCall},
    {"receiveDescriptor", ReceiveDescriptorCall},
    {"peerCredentials", PeerCredentialsCall},
    {"close", Close},
    {"openCount", OpenCount},
    {"bind", Bind},
    {"listen", Listen},
    {"accept", Accept},
    {"connect", Connect},
    {"shutdown", Shutdown},
    {"getOption", GetOption},
    {"setOption", SetOption},
    {"setLinger", SetLinger},
    {"openSignals", OpenSignalsCall},
    {"catchSignal", CatchSignalCall},
    {"releaseSignal", ReleaseSignalCall},
    {"setSignalDefault", SetSignalDefaultCall},
    {"takeSignals", TakeSignalsCall},
    {"encodeInternet", EncodeInternetCall},
    {"encodeUnix", EncodeUnixCall},
    {"decode", DecodeCall},
    {"socketName", SocketName},
    {"peerName", PeerName},
    {"spawn", Spawn},
    {"hasEnded", HasEndedCall},
    {"reap", ReapCall},
    {"kill", Kill},
    {"watchKind", WatchKindCall},
    {"watchOpen", WatchOpen},
    {"watchAdd", WatchAdd},
    {"watchAddIn", WatchAddIn},
    {"watchRemove", WatchRemove},
    {"watchRead", WatchRead},
    {"watchList", WatchList},
    {"descriptorLimit", DescriptorLimit},
};

// Linux alone can hold a partial segment back and be told when to let it go (tcp(7)). 0: it cannot be done.
#ifdef TCP_CORK
constexpr int kCork = TCP_CORK;
#else
constexpr int kCork = 0;
#endif

// The silence before the first probe: macOS has another name for it.
#ifdef TCP_KEEPIDLE
constexpr int kKeepIdle = TCP_KEEPIDLE;
#else
constexpr int kKeepIdle = TCP_KEEPALIVE;
#endif

// Numbers of this kernel that JavaScript names.
struct Number {
  const char* name;
  int value;
};

constexpr Number kConstants[] = {
    {"AF_INET", AF_INET},
    {"AF_INET6", AF_INET6},
    {"AF_UNIX", AF_UNIX},
    {"SOCK_STREAM", SOCK_STREAM},
    {"SOCK_DGRAM", SOCK_DGRAM},
    {"SOL_SOCKET", SOL_SOCKET},
    {"SO_BROADCAST", SO_BROADCAST},
    {"SO_ERROR", SO_ERROR},
    {"SO_KEEPALIVE", SO_KEEPALIVE},
    {"SO_RCVBUF", SO_RCVBUF},
    {"SO_REUSEADDR", SO_REUSEADDR},
    {"SO_REUSEPORT", SO_REUSEPORT},
    {"SO_SNDBUF", SO_SNDBUF},
    {"SO_TYPE", SO_TYPE},
    {"IPPROTO_TCP", IPPROTO_TCP},
    {"TCP_CORK", kCork},
    {"TCP_NODELAY", TCP_NODELAY},
    {"TCP_KEEPIDLE", kKeepIdle},
    {"TCP_KEEPINTVL", TCP_KEEPINTVL},
    {"TCP_KEEPCNT", TCP_KEEPCNT},
    {"IPPROTO_IP", IPPROTO_IP},
    {"IP_TTL", IP_TTL},
    {"IPPROTO_IPV6", IPPROTO_IPV6},
    {"IPV6_V6ONLY", IPV6_V6ONLY},
    {"SHUT_RD", SHUT_RD},
    {"SHUT_WR", SHUT_WR},
    {"SHUT_RDWR", SHUT_RDWR},
    {"ETOOMANYREFS", ETOOMANYREFS},
};

[[nodiscard]] Napi::Object Refuse(Napi::Env env, int failed) {
  Napi::Error error = Napi::Error::New(env, std::string("the poller cannot be opened: ") + uv_strerror(failed));
  error.Set("code", Napi::String::New(env, uv_err_name(failed)));
  error.ThrowAsJavaScriptException();
  return Napi::Object::New(env);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  Loop* loop = nullptr;
  const int failed = Loop::Open(env, loop);
  if (failed != 0) return Refuse(env, failed);
  for (const Entry& entry : kFunctions) {
    napi_value function = nullptr;
    if (napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.function, loop, &function) != napi_ok) {
      return Refuse(env, UV_ENOMEM);
    }
    exports.Set(entry.name, Napi::Value(env, function));
  }
  Napi::Object constants = Napi::Object::New(env);
  for (const Number& number : kConstants) constants.Set(number.name, Napi::Number::New(env, number.value));
  exports.Set("constants", constants);
  return exports;
}

}  // namespace
}  // namespace shrapnel

// NODE_API_MODULE must stand outside of every namespace.
static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) { return shrapnel::Init(env, exports); }
NODE_API_MODULE(shrapnel_core, InitAddon)
