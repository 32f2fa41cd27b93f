// Credentials: a certificate, what leads from it to a root, and its private key. A context holds one for each type of key.
#pragma once

#include <string>

#include "bytes.h"
#include "openssl.h"

namespace shrapnel {

// PEM: the peer's own certificate first, then those that lead to a root. The key is PEM, encrypted or not, or DER. 1: taken.
[[nodiscard]] int SetCertificate(SSL_CTX* context, ConstBytes chain, ConstBytes key, const std::string& passphrase);
// PKCS#12 (RFC 7292), which has all of it. 1: taken.
[[nodiscard]] int SetPkcs12(SSL_CTX* context, ConstBytes file, const std::string& passphrase);

// Without one OpenSSL would ask at the terminal. `data`: a const std::string*, or nullptr.
int OnPassphrase(char* into, int room, int is_writing, void* data);

}  // namespace shrapnel
