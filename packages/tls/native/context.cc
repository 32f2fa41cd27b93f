// The settings of every context.
#include "context.h"

#include "credentials.h"
#include "engine.h"
#include "policy.h"

namespace shrapnel {
namespace {

[[nodiscard]] BioPointer Over(ConstBytes bytes) {
  return BioPointer(BIO_new_mem_buf(bytes.data, static_cast<int>(bytes.length)));
}

}  // namespace

SslContextPointer MakeContext(bool is_server) {
  SslContextPointer context(SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method()));
  if (context == nullptr) return context;
  // Renegotiation is an attack's friend and nobody's need; TLS 1.3 has none. Compression leaks (CRIME).
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // An idle connection gives its record buffers back. A write returns after each record: whether the socket takes the next is asked
  // before there is one.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY | SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_CTX_set_info_callback(context.get(), Engine::OnInfo);
  SSL_CTX_set_msg_callback(context.get(), Engine::OnMessage);
  if (is_server) {
    // Resumption is by tickets, which need no memory here. One is enough: OpenSSL's two cost a second message and derivation.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    constexpr unsigned char kName[] = "shrapnel";
    if (SSL_CTX_set_num_tickets(context.get(), 1) != 1 ||
        SSL_CTX_set_session_id_context(context.get(), kName, sizeof kName) != 1) {
      return nullptr;
    }
    SSL_CTX_set_tlsext_status_cb(context.get(), OnServerStatus);
  } else {
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context.get(), Engine::OnSession);
    SSL_CTX_set_tlsext_status_cb(context.get(), OnClientStatus);
  }
  if (SetVersions(context.get(), TLS1_2_VERSION, TLS1_3_VERSION) != 1) return nullptr;
  if (SetDefaultPolicy(context.get(), is_server) != 1) return nullptr;
  return context;
}

int SetVersions(SSL_CTX* context, int least, int most) {
  return SSL_CTX_set_min_proto_version(context, least) == 1 && SSL_CTX_set_max_proto_version(context, most) == 1;
}

int SetRoots(SSL_CTX* context, X509_STORE* store) {
  SSL_CTX_set1_cert_store(context, store);
  return 1;
}

StorePointer MakeRoots(ConstBytes pem) {
  StorePointer store(X509_STORE_new());
  if (store == nullptr || pem.length == 0) return store;
  const BioPointer text = Over(pem);
  if (text == nullptr) return nullptr;
  int count = 0;
  for (;; ++count) {
    const CertificatePointer next(PEM_read_bio_X509_AUX(text.get(), nullptr, OnPassphrase, nullptr));
    if (next == nullptr) break;
    if (X509_STORE_add_cert(store.get(), next.get()) != 1) return nullptr;
  }
  if (count == 0 || !IsPemEnd()) return nullptr;
  return store;
}

}  // namespace shrapnel
