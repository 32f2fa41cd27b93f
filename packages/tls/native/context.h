// Context: an SSL_CTX, made once and shared by all connections with the same options; each connection holds it by reference, so one
// that is replaced lives until its last connection ends. Each setting is a call of its own: 1 if OpenSSL took it, 0 if not (its
// error queue says why).
#pragma once

#include <string>

#include "bytes.h"
#include "openssl.h"

namespace shrapnel {

// nullptr: OpenSSL refused.
[[nodiscard]] SslContextPointer MakeContext(bool is_server);

// Versions as on the wire: 0x0303 and 0x0304.
[[nodiscard]] int SetVersions(SSL_CTX* context, int least, int most);
[[nodiscard]] int SetRoots(SSL_CTX* context, X509_STORE* store);

// All certificates of a PEM text, as a store to be shared; without any text an empty one. nullptr: OpenSSL refused one, or there is
// none in the text.
[[nodiscard]] StorePointer MakeRoots(ConstBytes pem);

}  // namespace shrapnel
