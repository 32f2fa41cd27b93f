// What is known of a connection after its handshake and used beside it: for how long its verification holds, and the two channel
// bindings, which tie another protocol's authentication to this very connection.
#pragma once

#include <cstdint>
#include <string>

#include "openssl.h"

namespace shrapnel {

// From now on; below 0 if that is over. Times that are far away are cut to what 31 bits hold.
[[nodiscard]] long SecondsUntil(const ASN1_TIME* time);

// When a full handshake would begin to refuse what it has accepted: the first certificate of the verified chain, or the first CRL that was
// looked into, expires. In seconds; the most that 31 bits hold if nothing was verified.
[[nodiscard]] long VerifiedSeconds(SSL* ssl);

// tls-server-end-point (RFC 5929, 4.1): the hash of the server's certificate. Empty: there is none, or its signature names no hash.
[[nodiscard]] std::string ServerEndPoint(SSL* ssl);

}  // namespace shrapnel
