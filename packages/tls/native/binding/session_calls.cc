// Resumption: a client's sessions and a server's tickets.
#include <algorithm>

#include "../connection_facts.h"
#include "calls.h"
#include "held.h"
#include "judge.h"

namespace shrapnel {
namespace {

[[nodiscard]] bool Put(napi_env env, napi_value object, const char* name, napi_value value) {
  return value != nullptr && napi_set_named_property(env, object, name, value) == napi_ok;
}

}  // namespace

// engineSession(engine, session): to be resumed.
napi_value EngineSession(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  SSL_SESSION* session = call.Get<HeldSession>(1);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(call, engine->Resume(session)));
}

// engineTakeSession(engine): the oldest session that the peer gave and that was not taken, or undefined.
napi_value EngineTakeSession(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  if (!call.Ok()) return call.Failed();
  SessionPointer session = engine->TakeSession();
  if (session == nullptr) return nullptr;
  return call.Hold<HeldSession>(std::move(session));
}

// sessionFacts(session): whether it can be resumed still, by which version, and how many seconds the server will know it.
napi_value SessionFacts(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  SSL_SESSION* session = call.Get<HeldSession>(0);
  if (!call.Ok()) return call.Failed();
  const unsigned long hint = SSL_SESSION_get_ticket_lifetime_hint(session);
  const long timeout = SSL_SESSION_get_timeout(session);
  // In TLS 1.3 no lifetime is none; before it, it is one that the server does not tell.
  const bool has_hint = SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION || hint != 0;
  const std::int64_t seconds = std::min<std::int64_t>(has_hint ? static_cast<std::int64_t>(hint) : timeout, 0x7fffffff);
  napi_value facts = nullptr;
  const bool is_made =
      napi_create_object(env, &facts) == napi_ok &&
      Put(env, facts, "isResumable", call.Number(SSL_SESSION_is_resumable(session))) &&
      Put(env, facts, "version", call.Number(SSL_SESSION_get_protocol_version(session))) &&
      Put(env, facts, "lifetimeSeconds", call.Number(seconds));
  return is_made ? facts : call.Failed();
}

// engineVerifiedSeconds(engine): for how long a full handshake would accept what it has accepted now.
napi_value EngineVerifiedSeconds(napi_env env, napi_callback_info info) {
  Call<1> call(env, info);
  Engine* engine = call.Get<HeldEngine>(0);
  if (!call.Ok()) return call.Failed();
  const long seconds = std::min(VerifiedSeconds(engine->ssl()), engine->ocsp().good_seconds);
  ERR_clear_error();
  return call.Number(seconds);
}

// ticketKeysMake(secret, rotationSeconds, lifetimeSeconds, shiftSeconds): the keys, or kFailed.
napi_value TicketKeysMake(napi_env env, napi_callback_info info) {
  Call<4> call(env, info);
  const ConstBytes secret = call.Text(0);
  const int rotation = call.Int(1);
  const int lifetime = call.Int(2);
  const int shift = call.Int(3);
  if (!call.Ok() || rotation < 1 || lifetime < 1 || secret.length == 0) return call.Failed();
  ERR_clear_error();
  std::shared_ptr<TicketKeys> keys = TicketKeys::Make(secret, rotation, lifetime, shift);
  const Outcome outcome = Accepted(call, keys != nullptr);
  return outcome == 0 ? call.Hold<HeldTicketKeys>(std::move(keys)) : call.Number(outcome);
}

// contextTickets(context, keys or undefined, count): what a server gives.
napi_value ContextTickets(napi_env env, napi_callback_info info) {
  Call<3> call(env, info);
  SSL_CTX* context = call.Get<HeldContext>(0);
  const int count = call.Int(2);
  napi_valuetype type = napi_undefined;
  if (!call.Ok() || count < 0 || napi_typeof(env, call[1], &type) != napi_ok) return call.Failed();
  std::shared_ptr<TicketKeys> keys;
  if (type != napi_undefined) {
    const HeldTicketKeys* held = call.External<HeldTicketKeys>(1);
    if (!call.Ok()) return call.Failed();
    keys = held->value;
  }
  ERR_clear_error();
  return call.Number(Accepted(call, SetTickets(context, keys, count) == 1));
}

// contextIdentity(context, bytes): sessions of a server go on only in contexts with the same, up to 32 bytes.
napi_value ContextIdentity(napi_env env, napi_callback_info info) {
  Call<2> call(env, info);
  SSL_CTX* context = call.Get<HeldContext>(0);
  const ConstBytes bytes = call.Text(1);
  if (!call.Ok()) return call.Failed();
  ERR_clear_error();
  return call.Number(Accepted(
      call, SSL_CTX_set_session_id_context(context, bytes.data, static_cast<unsigned int>(bytes.length)) == 1));
}

}  // namespace shrapnel
