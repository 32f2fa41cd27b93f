// OpenSSL, the one inside Node: its headers lie beside Node's own, its symbols are in the executable, and nothing is linked.
// Only what OpenSSL 3.0 has, so that one build runs on Node 20 (3.0) and on later ones (3.5).
//
// Its error queue belongs to the thread and is shared with node:crypto. So each call from JavaScript clears it before it begins,
// asks SSL_get_error directly after the one call it is about, and leaves it empty.
#pragma once

#define OPENSSL_API_COMPAT 30000
#define OPENSSL_NO_DEPRECATED
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

namespace shrapnel {

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* pointer) const noexcept {
    Free(pointer);
  }
};

struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }
};

// The end of a PEM text is an error to OpenSSL like any other. False: what ended the reading is another error, and stays.
[[nodiscard]] inline bool IsPemEnd() {
  const unsigned long error = ERR_peek_last_error();
  if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE) return false;
  ERR_clear_error();
  return true;
}

using SslPointer = std::unique_ptr<SSL, FreeWith<&SSL_free>>;
using SslContextPointer = std::unique_ptr<SSL_CTX, FreeWith<&SSL_CTX_free>>;
using SessionPointer = std::unique_ptr<SSL_SESSION, FreeWith<&SSL_SESSION_free>>;
using StorePointer = std::unique_ptr<X509_STORE, FreeWith<&X509_STORE_free>>;
using CertificatePointer = std::unique_ptr<X509, FreeWith<&X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeWith<&EVP_PKEY_free>>;
using BioPointer = std::unique_ptr<BIO, FreeBio>;

}  // namespace shrapnel
