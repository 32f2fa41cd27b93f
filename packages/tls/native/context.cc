// The settings of every context, and what is read from PEM.
#include "context.h"

#include "engine.h"

namespace shrapnel {
namespace {

[[nodiscard]] BioPointer Over(ConstBytes bytes) {
  return BioPointer(BIO_new_mem_buf(bytes.data, static_cast<int>(bytes.length)));
}

// Without one OpenSSL would ask at the terminal.
int OnPassphrase(char* into, int room, int, void* data) {
  const auto* passphrase = static_cast<const std::string*>(data);
  if (passphrase == nullptr || passphrase->size() > static_cast<std::size_t>(room)) return -1;
  std::memcpy(into, passphrase->data(), passphrase->size());
  return static_cast<int>(passphrase->size());
}

// The end of a PEM text is an error to OpenSSL like any other.
[[nodiscard]] bool IsAtEnd() {
  const unsigned long error = ERR_peek_last_error();
  if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE) return false;
  ERR_clear_error();
  return true;
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
  return context;
}

int SetVersions(SSL_CTX* context, int least, int most) {
  return SSL_CTX_set_min_proto_version(context, least) == 1 && SSL_CTX_set_max_proto_version(context, most) == 1;
}

int SetCertificate(SSL_CTX* context, ConstBytes chain, ConstBytes key, const std::string& passphrase) {
  const BioPointer chain_text = Over(chain);
  const BioPointer key_text = Over(key);
  if (chain_text == nullptr || key_text == nullptr) return 0;
  const CertificatePointer own(PEM_read_bio_X509_AUX(chain_text.get(), nullptr, OnPassphrase, nullptr));
  if (own == nullptr || SSL_CTX_use_certificate(context, own.get()) != 1) return 0;
  if (SSL_CTX_clear_chain_certs(context) != 1) return 0;
  for (;;) {
    CertificatePointer next(PEM_read_bio_X509(chain_text.get(), nullptr, OnPassphrase, nullptr));
    if (next == nullptr) break;
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) return 0;
    static_cast<void>(next.release());  // The context's now.
  }
  if (!IsAtEnd()) return 0;
  const KeyPointer read(
      PEM_read_bio_PrivateKey(key_text.get(), nullptr, OnPassphrase, const_cast<std::string*>(&passphrase)));
  if (read == nullptr) return 0;
  return SSL_CTX_use_PrivateKey(context, read.get()) == 1 && SSL_CTX_check_private_key(context) == 1;
}

int SetRoots(SSL_CTX* context, X509_STORE* store) {
  SSL_CTX_set1_cert_store(context, store);
  return 1;
}

StorePointer MakeRoots(ConstBytes pem) {
  StorePointer store(X509_STORE_new());
  const BioPointer text = Over(pem);
  if (store == nullptr || text == nullptr) return nullptr;
  int count = 0;
  for (;; ++count) {
    const CertificatePointer next(PEM_read_bio_X509_AUX(text.get(), nullptr, OnPassphrase, nullptr));
    if (next == nullptr) break;
    if (X509_STORE_add_cert(store.get(), next.get()) != 1) return nullptr;
  }
  if (count == 0 || !IsAtEnd()) return nullptr;
  return store;
}

}  // namespace shrapnel
