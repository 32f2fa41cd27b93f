// Policy: what may be spoken in the connections of a context, and which certificates their peers must show. Each setting is a call of
// its own: 1 if OpenSSL took it, 0 if not (its error queue says why).
#pragma once

#include <string>

#include "bytes.h"
#include "openssl.h"

namespace shrapnel {

// What OpenSSL does not give back when it is asked for it.
struct Policy {
  std::string protocols;  // ALPN, most wanted first, as on the wire (RFC 7301, 3.1)
  std::string groups;
};

[[nodiscard]] const Policy& PolicyOf(const SSL_CTX* context);

// The same numbers in src/native.ts.
enum class Setting : int { kCiphers = 1, kCipherSuites, kGroups, kSignatureAlgorithms };

// Every context has these; what follows may change them.
[[nodiscard]] int SetDefaultPolicy(SSL_CTX* context, bool is_server);
// Names with colons between, as OpenSSL writes them.
[[nodiscard]] int SetNames(SSL_CTX* context, Setting setting, const std::string& names);
[[nodiscard]] int SetProtocols(SSL_CTX* context, bool is_server, ConstBytes protocols);
// Between the peer's certificate and the root.
[[nodiscard]] int SetDepth(SSL_CTX* context, int most_intermediates);
// On a server: SSL_VERIFY_…, and the authorities (PEM) whose names clients are told.
[[nodiscard]] int SetClientPolicy(SSL_CTX* context, int mode, ConstBytes authorities);
// Makes `ssl`, a server that has seen the ClientHello, one of `context`, in everything that SSL_set_SSL_CTX() leaves as it was.
[[nodiscard]] int Apply(SSL_CTX* context, SSL* ssl);

}  // namespace shrapnel
