// Who is who: credentials, roots and revocations, the choice of a context by what a client asks for, and the peer's certificates.
#include "../credentials.h"
#include "../policy.h"
#include "../roots.h"
#include "calls.h"
#include "held.h"
#include "identity_facts.h"
#include "judge.h"

namespace shrapnel {
namespace {

[[nodiscard]] bool PutText(napi_env env, napi_value object, const char* name, const std::string& text) {
  napi_value value = nullptr;
  return napi_create_string_utf8(env, text.data(), text.size(), &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}

[[nodiscard]] bool PutBytes(napi_env env, napi_value object, const char* name, const void* bytes, std::size_t length) {
  napi_value value = nullptr;
  return napi_create_buffer_copy(env, length, bytes, nullptr, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}

[[nodiscard]] bool PutNumber(napi_env env, napi_value object, const char* name, std::int32_t number) {
  napi_value value = nullptr;
  return napi_create_int32(env, number, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}

[[nodiscard]] bool PutHello(napi_env env, napi_value object, const Greeting& greeting) {
  return PutText(env, object, "serverName", greeting.server_name) &&
         PutBytes(env, object, "peerProtocols", greeting.protocols.data(), greeting.protocols.size()) &&
         PutBytes(env, object, "peerVersions", greeting.versions.data(), greeting.versions.size());
}

[[nodiscard]] bool PushCertificate(napi_env env, napi_value list, std::uint32_t index, X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  napi_value bytes = nullptr;
  const bool is_pushed = length > 0 &&
                         napi_create_buffer_copy(env, static_cast<std::size_t>(length), der, nullptr, &bytes) == napi_ok &&
                         napi_set_element(env, list, index, bytes) == napi_ok;
  OPENSSL_free(der);
  return is_pushed;
}

}  // namespace

bool PutCircumstances(napi_env env, napi_value facts, const Circumstances& about) {
  return PutNumber(env, facts, "isServer", about.is_server ? 1 : 0) &&
         PutNumber(env, facts, "isFinished", about.is_finished ? 1 : 0) &&
         PutNumber(env, facts, "leastVersion", about.least_version) &&
         PutNumber(env, facts, "mostVersion", about.most_version) &&
         PutBytes(env, facts, "certificate", about.certificate.data(), about.certificate.size()) &&
         PutText(env, facts, "expectedName", about.expected_name) &&
         PutBytes(env, facts, "ourProtocols", about.our_protocols.data(), about.our_protocols.size()) &&
         PutText(env, facts, "ourCiphers", about.our_ciphers) && PutText(env, facts, "peerCiphers", about.peer_ciphers) &&
         PutBytes(env, facts, "firstBytes", about.greeting.first.data(), about.greeting.first_count) &&
         PutHello(env, facts, about.greeting);
}

// contextPkcs12(context, file, passphrase)
napi_value ContextPkcs12(napi_env env, napi_callback_info info) {
  Call<3> call(env, info);
  SSL_CTX* context = call.Get<HeldContext>(0);
  const ConstBytes file = call.Text(1);
  const std::string passphrase = call.String(2);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, SetPkcs12(context, file, passphrase) == 1));
}

// contextNames(context, setting, names)
napi_value ContextNames(napi_env env, napi_callback_info info) {
  Call<3> call(env, info);
  SSL_CTX* context = call.Get<HeldContext>(0);
  const auto setting = static_cast<Setting>(call.Int(1));
  const std::string names = call.String(2);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, SetNames(context, setting, names) == 1));
}

// contextProtocols(context, isServer, protocols)
napi_value ContextProtocols(napi_env env, napi_callback_info info) {
  Call<3> call(env, info);
  SSL_CTX* context = call.Get<HeldContext>(0);
  const bool is_server = call.Flag(1);
  const ConstBytes protocols = call.Text(2);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, SetProtocols(context, is_server, protocols) == 1));
}

// contextDepth(context, mostIntermediates)
napi_value ContextDepth(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  SSL_CTX* context = call.Get<HeldContext>(0);
  const int depth = call.Int(1);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, SetDepth(context, depth) == 1));
}

// contextClients(context, mode, authorities)
napi_value ContextClients(napi_env env, napi_callback_info info) {
  Call<3> call(env, info);
  SSL_CTX* context = call.Get<HeldContext>(0);
  const int mode = call.Int(1);
  const ConstBytes authorities = call.Text(2);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, SetClientPolicy(context, mode, authorities) == 1));
}

// rootsShared(name): the store, or undefined.
napi_value RootsShared(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  const std::string name = call.String(0);
  if (!call.Ok()) return call.Failed();
  StorePointer store = SharedRoots(name);
  if (store == nullptr) return nullptr;
  return call.Hold<HeldRoots>(std::move(store));
}

// rootsShare(name, roots)
napi_value RootsShare(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  const std::string name = call.String(0);
  X509_STORE* roots = call.Get<HeldRoots>(1);
  if (!call.Ok()) return call.Failed();
  ShareRoots(name, roots);
  return call.Number(0);
}

// rootsAdd(into, from)
napi_value RootsAdd(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  X509_STORE* into = call.Get<HeldRoots>(0);
  X509_STORE* from = call.Get<HeldRoots>(1);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, AddRoots(into, from) == 1));
}

// rootsAddSystem(into)
napi_value RootsAddSystem(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  X509_STORE* into = call.Get<HeldRoots>(0);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, AddSystemRoots(into) == 1));
}

// rootsAddRevocations(into, lists)
napi_value RootsAddRevocations(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  X509_STORE* into = call.Get<HeldRoots>(0);
  const ConstBytes lists = call.Text(1);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, AddRevocations(into, lists) == 1));
}

// engineAskForContext(engine)
napi_value EngineAskForContext(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  if (!call.Ok()) return call.Failed();
  engine->AskForContext();
  return call.Number(0);
}

// engineHello(engine): what the client asks for, while its context is to be chosen.
napi_value EngineHello(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  if (!call.Ok() || engine->greeting() == nullptr) return call.Failed();
  napi_value hello = nullptr;
  return napi_create_object(env, &hello) == napi_ok && PutHello(env, hello, *engine->greeting()) ? hello : call.Failed();
}

// engineUseContext(engine, context, hasTickets): with its own tickets, or those of the context before it.
napi_value EngineUseContext(napi_env env, napi_callback_info info) {
  Call<3> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  SSL_CTX* context = call.Get<HeldContext>(1);
  const bool has_tickets = call.Flag(2);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, engine->UseContext(context, has_tickets)));
}

// engineRefuse(engine, alert): the next call of its handshake fails, and tells the client why.
napi_value EngineRefuse(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  const int alert = call.Int(1);
  if (!call.Ok()) return call.Failed();
  engine->Refuse(alert);
  return call.Number(0);
}

// enginePeerChain(engine): DER of the certificates that the peer sent, its own first.
napi_value EnginePeerChain(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  if (!call.Ok()) return call.Failed();
  napi_value list = nullptr;
  if (napi_create_array(env, &list) != napi_ok) return call.Failed();
  X509* own = SSL_get0_peer_certificate(engine->ssl());
  if (own == nullptr) return list;
  if (!PushCertificate(env, list, 0, own)) return call.Failed();
  // A client's has the peer's own in front, a server's has not.
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(engine->ssl());
  std::uint32_t count = 1;
  for (int i = SSL_is_server(engine->ssl()) == 1 ? 0 : 1; i < sk_X509_num(chain); ++i, ++count) {
    if (!PushCertificate(env, list, count, sk_X509_value(chain, i))) return call.Failed();
  }
  return list;
}

}  // namespace shrapnel
