// Stores of trusted certificates. One may be shared by many contexts, and those under a name are shared by all threads of the process:
// the hundred and more certificates of a bundle are parsed once.
#pragma once

#include <string>

#include "bytes.h"
#include "openssl.h"

namespace shrapnel {

// nullptr: nobody has shared one under that name.
[[nodiscard]] StorePointer SharedRoots(const std::string& name);
// From here on `store` must not be changed. Whoever was first stays.
void ShareRoots(const std::string& name, X509_STORE* store);

// 1 if OpenSSL took it.
[[nodiscard]] int AddRoots(X509_STORE* into, X509_STORE* from);
// The places that OpenSSL looks in unless told, and that SSL_CERT_FILE and SSL_CERT_DIR name.
[[nodiscard]] int AddSystemRoots(X509_STORE* store);
// PEM. From here on each certificate of a chain is looked for in the list of its issuer, and there has to be one.
[[nodiscard]] int AddRevocations(X509_STORE* store, ConstBytes lists);

}  // namespace shrapnel
