// What is derived from a connection's secrets: bindings of other protocols, and lines for a key log.
#include "../connection_facts.h"
#include "calls.h"
#include "held.h"
#include "judge.h"

namespace shrapnel {

// engineLogKeys(engine): it makes lines for a key log. Before the handshake.
napi_value EngineLogKeys(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  if (!call.Ok()) return call.Failed();
  engine->LogKeys();
  return call.Number(0);
}

// engineTakeKeyLog(engine): the lines that have come since this was last asked, each with its end.
napi_value EngineTakeKeyLog(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  return call.Ok() ? call.Copy(engine->TakeKeyLog()) : call.Failed();
}

// engineExport(engine, into, label, context, hasContext): fills `into` (RFC 5705, RFC 8446 section 7.5). 1: also what TLS 1.2 needs for
// it to name one connection alone (RFC 7627) is there; 0: it is not. kFailed.
napi_value EngineExport(napi_env env, napi_callback_info info) {
  Call<5> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const Bytes into = call.Buffer(1);
  const std::string label = call.String(2);
  const ConstBytes context = call.Text(3);
  const bool has_context = call.Flag(4);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  SSL* ssl = engine->ssl();
  const int done = SSL_export_keying_material(ssl, into.data, into.length, label.data(), label.size(), context.data,
                                              context.length, has_context ? 1 : 0);
  const Outcome outcome = Accepted(call, done == 1);
  if (outcome < 0) return call.Number(outcome);
  return call.Number(SSL_version(ssl) >= TLS1_3_VERSION || SSL_get_extms_support(ssl) == 1 ? 1 : 0);
}

// engineServerEndPoint(engine): the hash; empty if there is none.
napi_value EngineServerEndPoint(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  if (!call.Ok()) return call.Failed();
  const std::string hash = ServerEndPoint(engine->ssl());
  ERR_clear_error();
  return call.Copy({reinterpret_cast<const std::uint8_t*>(hash.data()), hash.size()});
}

}  // namespace shrapnel
