// Facts of a connection that OpenSSL does not give in one call.
#include "connection_facts.h"

#include <algorithm>

namespace shrapnel {
namespace {

constexpr long kNever = 0x7fffffff;

void Earlier(long& least, const ASN1_TIME* time) {
  if (time != nullptr) least = std::min(least, SecondsUntil(time));
}

}  // namespace

long SecondsUntil(const ASN1_TIME* time) {
  int days = 0;
  int seconds = 0;
  // A time that cannot be read is over.
  if (ASN1_TIME_diff(&days, &seconds, nullptr, time) != 1) return -1;
  return static_cast<long>(std::clamp<std::int64_t>(std::int64_t{days} * 86'400 + seconds, -kNever, kNever));
}

long VerifiedSeconds(SSL* ssl) {
  long least = kNever;
  const STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
  if (chain == nullptr || SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) return least;
  for (int i = 0; i < sk_X509_num(chain); ++i) Earlier(least, X509_get0_notAfter(sk_X509_value(chain, i)));
  // A store holds CRLs only if somebody has put them there to be used.
  // It may be shared with other threads, and those of the system grow.
  X509_STORE* store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  if (X509_STORE_lock(store) != 1) return -1;
  const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(store);
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    const X509_CRL* crl = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));
    if (crl != nullptr) Earlier(least, X509_CRL_get0_nextUpdate(crl));
  }
  static_cast<void>(X509_STORE_unlock(store));
  return least;
}

std::string ServerEndPoint(SSL* ssl) {
  const CertificatePointer peer(SSL_is_server(ssl) == 1 ? nullptr : SSL_get1_peer_certificate(ssl));
  const X509* certificate = SSL_is_server(ssl) == 1 ? SSL_get_certificate(ssl) : peer.get();
  int hash = NID_undef;
  if (certificate == nullptr ||
      X509_get_signature_info(const_cast<X509*>(certificate), &hash, nullptr, nullptr, nullptr) != 1 || hash == NID_undef) {
    return {};
  }
  if (hash == NID_md5 || hash == NID_sha1) hash = NID_sha256;
  const EVP_MD* digest = EVP_get_digestbynid(hash);
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (digest == nullptr || X509_digest(certificate, digest, bytes, &length) != 1) return {};
  return {reinterpret_cast<const char*>(bytes), length};
}

}  // namespace shrapnel
