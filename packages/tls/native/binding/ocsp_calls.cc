// OCSP stapling, on either side.
#include "../ocsp.h"

#include "calls.h"
#include "held.h"
#include "judge.h"

namespace shrapnel {

// engineOcsp(engine, isRequired): a client asks for an answer and looks at it.
napi_value EngineOcsp(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const bool is_required = call.Flag(1);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  engine->ocsp().mode = is_required ? OcspMode::kRequire : OcspMode::kAccept;
  return call.Number(Accepted(call, SSL_set_tlsext_status_type(engine->ssl(), TLSEXT_STATUSTYPE_ocsp) == 1));
}

// engineStaple(engine, response): a server gives it to clients that ask, if it is about its certificate and still good.
napi_value EngineStaple(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const Bytes response = call.Buffer(1);
  if (!call.Ok()) return call.Failed();
  engine->ocsp().staples.emplace_back(reinterpret_cast<const char*>(response.data), response.length);
  return call.Number(0);
}

// ocspIsResponse(bytes): 1 if it is an authority's answer about something.
napi_value OcspIsResponse(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const ConstBytes der = call.Text(0);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(IsOcspResponse(der) ? 1 : 0);
}

}  // namespace shrapnel
