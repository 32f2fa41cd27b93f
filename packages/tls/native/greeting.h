// What the peer said first. An engine keeps it until the two sides have agreed, so that a failure can be explained: what a client
// asked for, and the first bytes of a peer that may not speak TLS at all.
#pragma once

#include <array>
#include <string>

#include "bytes.h"
#include "openssl.h"

namespace shrapnel {

struct Greeting {
  // Ciphertext as it came: the header of the first record, and the version of a ServerHello.
  std::array<std::uint8_t, 32> first{};
  std::size_t first_count = 0;

  // Of the first ClientHello, on a server. As on the wire; empty: not said, or not in the form that it must have.
  bool has_hello = false;
  std::string server_name;
  std::string protocols;  // RFC 7301, 3.1: without the length in front
  std::string versions;   // two bytes each
  std::string ciphers;    // two bytes each

  void Note(ConstBytes bytes) noexcept;
  // Only inside the callback for the ClientHello.
  void TakeHello(SSL* ssl);
};

// What an engine was doing when it failed, for the words of the error.
struct Circumstances {
  bool is_server = false;
  bool is_finished = false;
  int least_version = 0;
  int most_version = 0;
  std::string certificate;    // DER of the one that was refused
  std::string expected_name;  // whom the certificate had to be for
  std::string our_protocols;
  std::string our_ciphers;   // names, with a colon between
  std::string peer_ciphers;  // the same
  Greeting greeting;

  void Take(SSL* ssl, const Greeting* said, ConstBytes unread);
};

}  // namespace shrapnel
