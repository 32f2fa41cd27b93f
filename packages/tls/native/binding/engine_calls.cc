// Engines: what is settled before the handshake, and what is known after it.
#include "calls.h"
#include "held.h"
#include "identity_facts.h"
#include "judge.h"

namespace shrapnel {
namespace {

[[nodiscard]] bool Put(napi_env env, napi_value object, const char* name, napi_value value) {
  return value != nullptr && napi_set_named_property(env, object, name, value) == napi_ok;
}

}  // namespace

// engineMake(context, isServer): the engine, or kFailed.
napi_value EngineMake(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  SSL_CTX* context = call.Get<HeldContext>(0);
  const bool is_server = call.Flag(1);
  if (!call.Ok()) return call.Failed();
  std::unique_ptr<Engine> engine = Engine::Make(call.environment(), context, is_server);
  return engine == nullptr ? call.Number(kFailed) : call.Hold<HeldEngine>(std::move(engine));
}

// engineCount(): how many hold memory, in all threads.
napi_value EngineCount(napi_env env, napi_callback_info info) {
  Call<0> call(env, info);
  return call.Ok() ? call.Number(Engine::Count()) : call.Failed();
}

// engineFree(engine): what it holds goes now, and not when the collector comes. Again without effect.
napi_value EngineFree(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  HeldEngine* held = call.External<HeldEngine>(0);
  if (!call.Ok()) return call.Failed();
  held->value.reset();
  return call.Number(0);
}

// engineVerify(engine, mode, name, address): the peer's certificate must lead to a root, and be for `name` or `address` unless empty.
napi_value EngineVerify(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const int mode = call.Int(1);
  const std::string name = call.String(2);
  const std::string address = call.String(3);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  SSL* ssl = engine->ssl();
  SSL_set_verify(ssl, mode, mode == SSL_VERIFY_NONE ? nullptr : Engine::OnVerify);
  X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
  // RFC 9525: the subject's CN is no name of a host, and a wildcard stands for a whole label.
  X509_VERIFY_PARAM_set_hostflags(parameters,
                                  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return call.Number(Accepted(
      call, (name.empty() || X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size()) == 1) &&
                (address.empty() || X509_VERIFY_PARAM_set1_ip_asc(parameters, address.c_str()) == 1)));
}

// engineServerName(engine, name): what a client asks for (RFC 6066, 3).
napi_value EngineServerName(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const std::string name = call.String(1);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, SSL_set_tlsext_host_name(engine->ssl(), name.c_str()) == 1));
}

// engineFacts(engine): what was agreed on, in numbers: bits, and the words behind State::flags. Once, after the handshake. What the client
// said is forgotten, unless the bits say that there is text to be asked for.
napi_value EngineFacts(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  if (!call.Ok()) return call.Failed();
  SSL* ssl = engine->ssl();
  State& state = *call.environment().state;
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
  state.version = SSL_version(ssl);
  state.cipher = cipher == nullptr ? 0 : SSL_CIPHER_get_protocol_id(cipher);
  state.group = static_cast<std::int32_t>(SSL_get_negotiated_group(ssl));
  const unsigned char* protocol = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &length);
  const std::int32_t bits = (SSL_session_reused(ssl) == 1 ? kIsResumed : 0) | (length > 0 ? kHasAlpn : 0) |
                            (engine->ServerName().empty() ? 0 : kHasServerName);
  if ((bits & (kHasAlpn | kHasServerName)) == 0) engine->ForgetGreeting();
  return call.Number(bits);
}

// engineTexts(engine): after engineFacts, and as often.
napi_value EngineTexts(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  if (!call.Ok()) return call.Failed();
  const unsigned char* protocol = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(engine->ssl(), &protocol, &length);
  napi_value texts = nullptr;
  const bool is_made = napi_create_object(env, &texts) == napi_ok &&
                       Put(env, texts, "alpn", call.Copy(std::string(reinterpret_cast<const char*>(protocol), length))) &&
                       Put(env, texts, "serverName", call.Copy(engine->ServerName()));
  engine->ForgetGreeting();
  return is_made ? texts : call.Failed();
}

// engineNames(engine): of the protocol, the cipher suite and the group that were agreed on; empty for none.
napi_value EngineNames(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  if (!call.Ok()) return call.Failed();
  SSL* ssl = engine->ssl();
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
  const auto group = static_cast<int>(SSL_get_negotiated_group(ssl));
  const char* group_name = group == 0 ? nullptr : SSL_group_to_name(ssl, group);
  napi_value names = nullptr;
  const bool is_made =
      napi_create_object(env, &names) == napi_ok &&
      Put(env, names, "protocol", call.Copy(std::string(SSL_get_version(ssl)))) &&
      Put(env, names, "cipher", call.Copy(std::string(cipher == nullptr ? "" : SSL_CIPHER_get_name(cipher)))) &&
      Put(env, names, "group", call.Copy(std::string(group_name == nullptr ? "" : group_name)));
  return is_made ? names : call.Failed();
}

// lastFailure(): why the last call that gave kFailed did.
napi_value LastFailure(napi_env env, napi_callback_info info) {
  Call<0> call(env, info);
  if (!call.Ok()) return call.Failed();
  const Failure& failure = call.environment().failure;
  napi_value facts = nullptr;
  const char* words = failure.verify == 0 ? "" : X509_verify_cert_error_string(failure.verify);
  const bool is_made = napi_create_object(env, &facts) == napi_ok &&
                       Put(env, facts, "library", call.Number(ERR_GET_LIB(failure.code))) &&
                       Put(env, facts, "reasonCode", call.Number(ERR_GET_REASON(failure.code))) &&
                       Put(env, facts, "reason", call.Copy(failure.reason)) &&
                       Put(env, facts, "where", call.Copy(failure.where)) &&
                       Put(env, facts, "verifyCode", call.Number(failure.verify)) &&
                       Put(env, facts, "verifyReason", call.Copy(std::string(words))) &&
                       Put(env, facts, "ocsp", call.Number(failure.ocsp)) &&
                       Put(env, facts, "depth", call.Number(failure.depth)) &&
                       Put(env, facts, "alertSent", call.Number(failure.alert_sent)) &&
                       Put(env, facts, "alertReceived", call.Number(failure.alert_received)) &&
                       PutCircumstances(env, facts, failure.about);
  return is_made ? facts : call.Failed();
}

}  // namespace shrapnel
