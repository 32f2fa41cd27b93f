// The addon's face: a table of functions, bound to what the connections of its thread share. What is not in this table does not
// exist; src/native.ts types it.
#include <openssl/crypto.h>

#include "../keep_loaded.h"
#include "calls.h"
#include "held.h"

namespace shrapnel {
namespace {

// start(state): an Int32Array that is written after each call, and kept for ever.
napi_value Start(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const Bytes state = call.Buffer(0);
  napi_ref kept = nullptr;
  if (!call.Ok() || state.length < sizeof(State) || napi_create_reference(env, call[0], 1, &kept) != napi_ok) {
    return call.Failed();
  }
  call.environment().state = reinterpret_cast<State*>(state.data);
  return call.Number(0);
}

struct Entry {
  const char* name;
  napi_callback function;
};

constexpr Entry kFunctions[] = {
    {"start", Start},
    {"contextMake", ContextMake},
    {"contextVersions", ContextVersions},
    {"contextCertificate", ContextCertificate},
    {"contextRoots", ContextRoots},
    {"rootsMake", RootsMake},
    {"contextPkcs12", ContextPkcs12},
    {"contextNames", ContextNames},
    {"contextProtocols", ContextProtocols},
    {"contextDepth", ContextDepth},
    {"contextClients", ContextClients},
    {"rootsShared", RootsShared},
    {"rootsShare", RootsShare},
    {"rootsAdd", RootsAdd},
    {"rootsAddSystem", RootsAddSystem},
    {"rootsAddRevocations", RootsAddRevocations},
    {"engineAskForContext", EngineAskForContext},
    {"engineHello", EngineHello},
    {"engineUseContext", EngineUseContext},
    {"engineRefuse", EngineRefuse},
    {"enginePeerChain", EnginePeerChain},
    {"engineMake", EngineMake},
    {"engineCount", EngineCount},
    {"engineFree", EngineFree},
    {"engineVerify", EngineVerify},
    {"engineServerName", EngineServerName},
    {"engineFacts", EngineFacts},
    {"engineTexts", EngineTexts},
    {"engineNames", EngineNames},
    {"lastFailure", LastFailure},
    {"engineSession", EngineSession},
    {"engineTakeSession", EngineTakeSession},
    {"sessionFacts", SessionFacts},
    {"engineVerifiedSeconds", EngineVerifiedSeconds},
    {"ticketKeysMake", TicketKeysMake},
    {"contextTickets", ContextTickets},
    {"contextIdentity", ContextIdentity},
    {"engineLogKeys", EngineLogKeys},
    {"engineTakeKeyLog", EngineTakeKeyLog},
    {"engineOcsp", EngineOcsp},
    {"engineStaple", EngineStaple},
    {"ocspIsResponse", OcspIsResponse},
    {"engineExport", EngineExport},
    {"engineServerEndPoint", EngineServerEndPoint},
    {"handshake", Handshake},
    {"read", Read},
    {"write", Write},
    {"flush", Flush},
    {"shutdown", Shutdown},
    {"pull", Pull},
    {"close", Close},
    {"feed", Feed},
    {"takeOutput", TakeOutput},
};

[[nodiscard]] napi_value Refuse(napi_env env, const char* text) {
  static_cast<void>(napi_throw_error(env, "ERR_TLS_ADDON", text));
  return nullptr;
}

// Freed with the environment. Nothing that the collector frees later looks at it.
[[nodiscard]] Environment* MakeEnvironment(napi_env env) {
  auto environment = std::make_unique<Environment>();
  const auto free = [](void* data) { delete static_cast<Environment*>(data); };
  if (!environment->output.Reserve(kOutputBytes) ||
      napi_add_env_cleanup_hook(env, free, environment.get()) != napi_ok) {
    return nullptr;
  }
  return environment.release();
}

napi_value Init(napi_env env, napi_value exports) {
  if (!KeepLoaded()) return Refuse(env, "the addon cannot be kept loaded");
  // Node initialises it too, earlier or later according to its version. The second time is without effect.
  if (OPENSSL_init_ssl(0, nullptr) != 1) return Refuse(env, "OpenSSL cannot be initialised");
  Environment* environment = MakeEnvironment(env);
  if (environment == nullptr) return Refuse(env, "out of memory");
  for (const Entry& entry : kFunctions) {
    napi_value function = nullptr;
    if (napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.function, environment, &function) != napi_ok ||
        napi_set_named_property(env, exports, entry.name, function) != napi_ok) {
      return Refuse(env, "the functions cannot be made");
    }
  }
  return exports;
}

}  // namespace
}  // namespace shrapnel

NAPI_MODULE_INIT() { return shrapnel::Init(env, exports); }
