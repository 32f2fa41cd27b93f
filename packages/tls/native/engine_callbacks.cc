// What OpenSSL tells an engine while it works: alerts, messages, what was refused and why, sessions, keys. None of these calls OpenSSL
// to go on with the connection.
#include "engine.h"

namespace shrapnel {
namespace {

// Of the sessions that nobody took, the last ones are kept: a peer may send any number.
constexpr std::size_t kMostSessions = 4;

}  // namespace

void Engine::OnInfo(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_ALERT) == 0) return;
  Engine* engine = Of(ssl);
  const auto alert = static_cast<std::int16_t>(value & 0xff);
  // A warning ends nothing. The level means nothing in TLS 1.3, where these two are warnings and all others fatal (RFC 8446, 6).
  const bool is_warning = SSL_version(ssl) == TLS1_3_VERSION ? alert == SSL3_AD_CLOSE_NOTIFY || alert == SSL_AD_USER_CANCELLED
                                                             : (value >> 8) == SSL3_AL_WARNING;
  if (is_warning) {
    // This one is the answer to an attempt to renegotiate.
    if (alert == SSL_AD_NO_RENEGOTIATION && (where & SSL_CB_WRITE) != 0) ++engine->idle_messages_;
    return;
  }
  ((where & SSL_CB_READ) != 0 ? engine->alert_received_ : engine->alert_sent_) = alert;
}

void Engine::OnMessage(int is_written, int, int type, const void*, std::size_t, SSL* ssl, void*) {
  if (is_written != 0 || type != SSL3_RT_HANDSHAKE) return;
  Engine* engine = Of(ssl);
  if (engine->is_established_) ++engine->idle_messages_;
}

int Engine::OnVerify(int is_well, X509_STORE_CTX* store) {
  if (is_well == 1) return 1;
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Engine* engine = Of(ssl);
  engine->verify_ = X509_STORE_CTX_get_error(store);
  engine->depth_ = X509_STORE_CTX_get_error_depth(store);
  X509* refused = X509_STORE_CTX_get_current_cert(store);
  unsigned char* der = nullptr;
  const int length = refused == nullptr ? -1 : i2d_X509(refused, &der);
  if (length > 0) engine->refused_certificate_.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return 0;
}

// Once for each ClientHello, and again when the context was chosen.
int Engine::OnClientHello(SSL* ssl, int* alert, void*) {
  Engine* engine = Of(ssl);
  if (engine->greeting_ != nullptr) engine->greeting_->TakeHello(ssl);
  if (engine->refusal_ >= 0) {
    *alert = engine->refusal_;
    return SSL_CLIENT_HELLO_ERROR;
  }
  return engine->is_context_wanted_ ? SSL_CLIENT_HELLO_RETRY : SSL_CLIENT_HELLO_SUCCESS;
}

// 1: the reference is ours now.
int Engine::OnSession(SSL* ssl, SSL_SESSION* session) {
  std::vector<SessionPointer>& sessions = Of(ssl)->sessions_;
  if (sessions.size() == kMostSessions) sessions.erase(sessions.begin());
  sessions.emplace_back(session);
  return 1;
}

// Others that share the context may not have asked for it. Keys that come after the handshake follow from those before, and a peer may
// ask for any number.
void Engine::OnKeyLog(const SSL* ssl, const char* line) {
  Engine* engine = Of(ssl);
  if (engine->logs_keys_ && !engine->is_established_) engine->key_log_.append(line).append("\n");
}

}  // namespace shrapnel
