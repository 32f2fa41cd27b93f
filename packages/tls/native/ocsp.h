// OCSP stapling (RFC 6066 section 8, RFC 6960): the authority's word that the server's certificate was not revoked, handed over by the
// server itself in the handshake.
#pragma once

#include <cstdint>

#include "bytes.h"
#include "openssl.h"

namespace shrapnel {

enum class OcspMode : std::uint8_t {
  kOff,
  kAccept,   // what is there must be good; a certificate that says so (RFC 7633) must have one
  kRequire,  // there must be one
};

// What a client thinks of what it got. The same numbers in src/native.ts.
enum class OcspVerdict : std::uint8_t {
  kNone,  // nothing was asked, or nothing came and nothing had to
  kGood,
  kMissing,
  kMalformed,     // not an answer, or not about this certificate
  kBadSignature,  // not the issuer's, nor of whom it trusts with this
  kExpired,       // or not valid yet
  kRevoked,
  kUnknown,
};

// As SSL_CTX_set_tlsext_status_cb(3) wants them.
int OnClientStatus(SSL* ssl, void*);
int OnServerStatus(SSL* ssl, void*);

// Whether a server may be given it: it is an answer of an authority about something.
[[nodiscard]] bool IsOcspResponse(ConstBytes der);

}  // namespace shrapnel
