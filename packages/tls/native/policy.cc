// Security level 2 in every Node: RSA keys of 2048 bits, no SHA-1 in signatures (SSL_CTX_set_security_level(3)). Node 20's own is 1.
#include "policy.h"

#include <memory>

#include "engine.h"

namespace shrapnel {
namespace {

constexpr int kSecurityLevel = 2;
// RFC 9325, 4.2: only what has forward secrecy and authenticated encryption. A client takes what old servers have, too.
constexpr char kServerCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

void FreePolicy(void*, void* policy, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Policy*>(policy); }

// One for the process.
[[nodiscard]] int PolicyIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, FreePolicy);
  return index;
}

[[nodiscard]] Policy* Mutable(const SSL_CTX* context) {
  return static_cast<Policy*>(SSL_CTX_get_ex_data(context, PolicyIndex()));
}

// The first of ours that the client has. None: alert no_application_protocol.
int OnProtocols(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                unsigned int offered_length, void* data) {
  const auto* policy = static_cast<const Policy*>(data);
  unsigned char* found = nullptr;
  const int result =
      SSL_select_next_proto(&found, length, reinterpret_cast<const unsigned char*>(policy->protocols.data()),
                            static_cast<unsigned int>(policy->protocols.size()), offered, offered_length);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

struct FreeNames {
  void operator()(STACK_OF(X509_NAME) * names) const noexcept { sk_X509_NAME_pop_free(names, X509_NAME_free); }
};
using NamesPointer = std::unique_ptr<STACK_OF(X509_NAME), FreeNames>;

}  // namespace

const Policy& PolicyOf(const SSL_CTX* context) {
  static const Policy none;
  const Policy* policy = Mutable(context);
  return policy == nullptr ? none : *policy;
}

int SetDefaultPolicy(SSL_CTX* context, bool is_server) {
  auto policy = std::make_unique<Policy>();
  if (SSL_CTX_set_ex_data(context, PolicyIndex(), policy.get()) != 1) return 0;
  static_cast<void>(policy.release());  // The context's now.
  SSL_CTX_set_security_level(context, kSecurityLevel);
  // The chain is what was given, and nothing is searched for it in each handshake.
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
  if (!is_server) return 1;
  // A client without AES in hardware says so by wanting ChaCha20 first.
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_client_hello_cb(context, Engine::OnClientHello, nullptr);
  return SSL_CTX_set_cipher_list(context, kServerCiphers);
}

int SetNames(SSL_CTX* context, Setting setting, const std::string& names) {
  switch (setting) {
    case Setting::kCiphers:
      return SSL_CTX_set_cipher_list(context, names.c_str());
    case Setting::kCipherSuites:
      return SSL_CTX_set_ciphersuites(context, names.c_str());
    case Setting::kGroups:
      Mutable(context)->groups = names;
      return static_cast<int>(SSL_CTX_set1_groups_list(context, names.c_str()));
    case Setting::kSignatureAlgorithms:
      return static_cast<int>(SSL_CTX_set1_sigalgs_list(context, names.c_str()));
  }
  return 0;
}

int SetProtocols(SSL_CTX* context, bool is_server, ConstBytes protocols) {
  Policy* policy = Mutable(context);
  policy->protocols.assign(reinterpret_cast<const char*>(protocols.data), protocols.length);
  if (is_server) {
    SSL_CTX_set_alpn_select_cb(context, OnProtocols, policy);
    return 1;
  }
  // The one function of OpenSSL that gives 0 for well.
  return SSL_CTX_set_alpn_protos(context, protocols.data, static_cast<unsigned int>(protocols.length)) == 0;
}

int SetDepth(SSL_CTX* context, int most_intermediates) {
  SSL_CTX_set_verify_depth(context, most_intermediates);
  return 1;
}

int SetClientPolicy(SSL_CTX* context, int mode, ConstBytes authorities) {
  SSL_CTX_set_verify(context, mode, mode == SSL_VERIFY_NONE ? nullptr : Engine::OnVerify);
  if (authorities.length == 0) return 1;
  const BioPointer text(BIO_new_mem_buf(authorities.data, static_cast<int>(authorities.length)));
  NamesPointer names(sk_X509_NAME_new_null());
  if (text == nullptr || names == nullptr) return 0;
  for (;;) {
    const CertificatePointer next(PEM_read_bio_X509_AUX(text.get(), nullptr, nullptr, nullptr));
    if (next == nullptr) break;
    X509_NAME* name = X509_NAME_dup(X509_get_subject_name(next.get()));
    if (name == nullptr || sk_X509_NAME_push(names.get(), name) == 0) {
      X509_NAME_free(name);
      return 0;
    }
  }
  ERR_clear_error();  // It always ends with an error, as there is no next one. That all can be read the store has shown.
  SSL_CTX_set_client_CA_list(context, names.release());
  return 1;
}

int Apply(SSL_CTX* context, SSL* ssl) {
  if (SSL_set_SSL_CTX(ssl, context) == nullptr) return 0;
  const int mode = SSL_CTX_get_verify_mode(context);
  SSL_set_verify(ssl, mode, mode == SSL_VERIFY_NONE ? nullptr : Engine::OnVerify);
  const std::string& groups = PolicyOf(context).groups;
  return SSL_set_min_proto_version(ssl, static_cast<int>(SSL_CTX_get_min_proto_version(context))) == 1 &&
         SSL_set_max_proto_version(ssl, static_cast<int>(SSL_CTX_get_max_proto_version(context))) == 1 &&
         X509_VERIFY_PARAM_set1(SSL_get0_param(ssl), SSL_CTX_get0_param(context)) == 1 &&
         (groups.empty() || SSL_set1_groups_list(ssl, groups.c_str()) == 1);
}

}  // namespace shrapnel
