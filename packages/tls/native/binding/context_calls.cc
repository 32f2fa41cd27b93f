// Contexts and stores of roots.
#include "calls.h"
#include "held.h"
#include "judge.h"
#include "../credentials.h"

namespace shrapnel {

// contextMake(isServer): the context, or kFailed.
napi_value ContextMake(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const bool is_server = call.Flag(0);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  SslContextPointer context = MakeContext(is_server);
  const Outcome outcome = Accepted(call, context != nullptr);
  return outcome == 0 ? call.Hold<HeldContext>(std::move(context)) : call.Number(outcome);
}

// contextVersions(context, least, most)
napi_value ContextVersions(napi_env env, napi_callback_info info) {
  Call<3> call(env, info);
  SSL_CTX* context = call.Get<HeldContext>(0);
  const int least = call.Int(1);
  const int most = call.Int(2);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, SetVersions(context, least, most) == 1));
}

// contextCertificate(context, chain, key, passphrase)
napi_value ContextCertificate(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  SSL_CTX* context = call.Get<HeldContext>(0);
  const ConstBytes chain = call.Text(1);
  const ConstBytes key = call.Text(2);
  const std::string passphrase = call.String(3);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, SetCertificate(context, chain, key, passphrase) == 1));
}

// contextRoots(context, roots)
napi_value ContextRoots(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  SSL_CTX* context = call.Get<HeldContext>(0);
  X509_STORE* roots = call.Get<HeldRoots>(1);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, SetRoots(context, roots) == 1));
}

// rootsMake(pem): the store, or kFailed.
napi_value RootsMake(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const ConstBytes pem = call.Text(0);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  StorePointer store = MakeRoots(pem);
  const Outcome outcome = Accepted(call, store != nullptr);
  return outcome == 0 ? call.Hold<HeldRoots>(std::move(store)) : call.Number(outcome);
}

}  // namespace shrapnel
