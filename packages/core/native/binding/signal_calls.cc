// Signals as JavaScript sees them: a descriptor that becomes readable, and counts by number.
#include <cerrno>

#include "../signals.h"
#include "call.h"
#include "calls.h"

namespace shrapnel {

// openSignals(): the descriptor to watch, or -errno. For one thread of the process; the end of the thread closes it.
napi_value OpenSignalsCall(napi_env env, napi_callback_info info) {
  Call<0> call(env, info);
  if (!call.Ok()) return call.Failed();
  int fd = -1;
  int failed = OpenSignals(fd);
  if (failed != 0) return call.Number(failed);
  failed = call.loop().poller().Add(fd);
  if (failed == 0) {
    call.loop().descriptors().Put(fd);
    // Hooks run last first: before the loop closes its descriptors, and before the code of the handler is unloaded.
    const auto close = [](void*) { CloseSignals(); };
    if (napi_add_env_cleanup_hook(env, close, nullptr) == napi_ok) return call.Number(fd);
    CloseSignals();
    return call.Number(-ENOMEM);
  }
  UniqueFd closing(fd);
  CloseSignals();
  return call.Number(failed);
}

// catchSignal(signum)
napi_value CatchSignalCall(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const int signum = call.Int(0);
  if (!call.Ok()) return call.Failed();
  return call.Number(CatchSignal(signum));
}

// releaseSignal(signum)
napi_value ReleaseSignalCall(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const int signum = call.Int(0);
  if (!call.Ok()) return call.Failed();
  return call.Number(ReleaseSignal(signum));
}

// setSignalDefault(signum, isOn): isOn is 0 or 1
napi_value SetSignalDefaultCall(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int signum = call.Int(0);
  const int is_on = call.Int(1);
  if (!call.Ok()) return call.Failed();
  SetSignalDefault(signum, is_on != 0);
  return nullptr;
}

// takeSignals(fd, counts): `counts` is an Int32Array of pairs, indexed by number
napi_value TakeSignalsCall(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const int fd = call.Int(0);
  const Bytes counts = call.Buffer(1);
  if (!call.Ok()) return call.Failed();
  return call.Number(TakeSignals(fd, reinterpret_cast<Deliveries*>(counts.data), static_cast<int>(counts.length / sizeof(Deliveries))));
}

}  // namespace shrapnel
