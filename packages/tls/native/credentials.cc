// Reads each form into certificate, key and chain, and gives a context all three or nothing that it would serve.
#include "credentials.h"

#include <openssl/pkcs12.h>

#include <cstring>

namespace shrapnel {
namespace {

struct FreeChain {
  void operator()(STACK_OF(X509) * chain) const noexcept { sk_X509_pop_free(chain, X509_free); }
};
using ChainPointer = std::unique_ptr<STACK_OF(X509), FreeChain>;
using Pkcs12Pointer = std::unique_ptr<PKCS12, FreeWith<&PKCS12_free>>;

[[nodiscard]] BioPointer Over(ConstBytes bytes) {
  return BioPointer(BIO_new_mem_buf(bytes.data, static_cast<int>(bytes.length)));
}

[[nodiscard]] KeyPointer ReadKey(ConstBytes key, const std::string& passphrase) {
  constexpr std::uint8_t kDerSequence = 0x30;
  if (key.length > 0 && key.data[0] == kDerSequence) {
    const unsigned char* at = key.data;
    return KeyPointer(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(key.length)));
  }
  const BioPointer text = Over(key);
  if (text == nullptr) return nullptr;
  return KeyPointer(PEM_read_bio_PrivateKey(text.get(), nullptr, OnPassphrase, const_cast<std::string*>(&passphrase)));
}

// The key goes in last and is compared with the certificate first: OpenSSL would put a key of another type beside the certificate and
// complain of something else.
[[nodiscard]] int Use(SSL_CTX* context, X509* own, EVP_PKEY* key, STACK_OF(X509) * above) {
  if (X509_check_private_key(own, key) != 1 || SSL_CTX_use_certificate(context, own) != 1) return 0;
  // A copy of the stack, which refers to the same certificates.
  return SSL_CTX_set1_chain(context, above) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1;
}

}  // namespace

int OnPassphrase(char* into, int room, int, void* data) {
  const auto* passphrase = static_cast<const std::string*>(data);
  if (passphrase == nullptr || passphrase->size() > static_cast<std::size_t>(room)) return -1;
  std::memcpy(into, passphrase->data(), passphrase->size());
  return static_cast<int>(passphrase->size());
}

int SetCertificate(SSL_CTX* context, ConstBytes chain, ConstBytes key, const std::string& passphrase) {
  const BioPointer text = Over(chain);
  const ChainPointer above(sk_X509_new_null());
  if (text == nullptr || above == nullptr) return 0;
  const CertificatePointer own(PEM_read_bio_X509_AUX(text.get(), nullptr, OnPassphrase, nullptr));
  if (own == nullptr) return 0;
  for (;;) {
    CertificatePointer next(PEM_read_bio_X509(text.get(), nullptr, OnPassphrase, nullptr));
    if (next == nullptr) break;
    if (sk_X509_push(above.get(), next.get()) == 0) return 0;
    static_cast<void>(next.release());  // The stack's now.
  }
  if (!IsPemEnd()) return 0;
  const KeyPointer read = ReadKey(key, passphrase);
  return read != nullptr && Use(context, own.get(), read.get(), above.get()) == 1;
}

int SetPkcs12(SSL_CTX* context, ConstBytes file, const std::string& passphrase) {
  const unsigned char* at = file.data;
  const Pkcs12Pointer read(d2i_PKCS12(nullptr, &at, static_cast<long>(file.length)));
  if (read == nullptr) return 0;
  EVP_PKEY* key = nullptr;
  X509* own = nullptr;
  STACK_OF(X509)* above = nullptr;
  const int result = PKCS12_parse(read.get(), passphrase.c_str(), &key, &own, &above);
  const KeyPointer held_key(key);
  const CertificatePointer held_own(own);
  const ChainPointer held_above(above);
  if (result != 1) return 0;
  if (key == nullptr || own == nullptr) {
    ERR_raise(ERR_LIB_PKCS12, PKCS12_R_PARSE_ERROR);
    return 0;
  }
  return Use(context, own, key, above);
}

}  // namespace shrapnel
