// The extensions of a ClientHello that are read here are read again by OpenSSL, which refuses the malformed ones itself.
#include "greeting.h"

#include <algorithm>

#include "policy.h"

namespace shrapnel {
namespace {

[[nodiscard]] std::size_t Length16(const std::uint8_t* at) { return static_cast<std::size_t>(at[0]) << 8 | at[1]; }

[[nodiscard]] ConstBytes Extension(SSL* ssl, unsigned int type) {
  const unsigned char* data = nullptr;
  std::size_t length = 0;
  if (SSL_client_hello_get0_ext(ssl, type, &data, &length) != 1) return {};
  return {data, length};
}

// What follows a length of `width` bytes, if it goes to the end.
[[nodiscard]] std::string List(ConstBytes bytes, std::size_t width) {
  if (bytes.length < width) return {};
  const std::size_t length = width == 2 ? Length16(bytes.data) : bytes.data[0];
  bytes.Skip(width);
  if (length != bytes.length) return {};
  return {reinterpret_cast<const char*>(bytes.data), bytes.length};
}

// RFC 6066, 3: a list that has one host name (type 0).
[[nodiscard]] std::string ServerName(ConstBytes bytes) {
  const std::string list = List(bytes, 2);
  const auto* at = reinterpret_cast<const std::uint8_t*>(list.data());
  if (list.size() < 4 || at[0] != TLSEXT_NAMETYPE_host_name || Length16(at + 1) != list.size() - 3) return {};
  std::string name = list.substr(3);
  if (name.size() > TLSEXT_MAXLEN_host_name || name.find('\0') != std::string::npos) return {};
  return name;
}

void AddName(std::string& names, const char* name) {
  if (!names.empty()) names += ':';
  names += name;
}

[[nodiscard]] std::string OurCiphers(SSL* ssl) {
  std::string names;
  STACK_OF(SSL_CIPHER)* ciphers = SSL_get1_supported_ciphers(ssl);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) AddName(names, SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i)));
  sk_SSL_CIPHER_free(ciphers);
  return names;
}

// Those that OpenSSL has no name for are left out: most are GREASE and signals (RFC 8701, RFC 5746).
[[nodiscard]] std::string CipherNames(SSL* ssl, const std::string& wire) {
  std::string names;
  for (std::size_t i = 0; i + 1 < wire.size(); i += 2) {
    const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl, reinterpret_cast<const unsigned char*>(wire.data() + i));
    if (cipher != nullptr) AddName(names, SSL_CIPHER_get_name(cipher));
  }
  return names;
}

}  // namespace

void Greeting::Note(ConstBytes bytes) noexcept {
  const std::size_t count = std::min(bytes.length, first.size() - first_count);
  if (count == 0) return;
  std::memcpy(first.data() + first_count, bytes.data, count);
  first_count += count;
}

void Greeting::TakeHello(SSL* ssl) {
  if (has_hello) return;  // After a HelloRetryRequest there is a second one, which has to say the same.
  has_hello = true;
  server_name = ServerName(Extension(ssl, TLSEXT_TYPE_server_name));
  protocols = List(Extension(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation), 2);
  versions = List(Extension(ssl, TLSEXT_TYPE_supported_versions), 1);
  if (versions.empty()) {
    const unsigned int legacy = SSL_client_hello_get0_legacy_version(ssl);
    versions = {static_cast<char>(legacy >> 8), static_cast<char>(legacy & 0xff)};
  }
  const unsigned char* data = nullptr;
  const std::size_t length = SSL_client_hello_get0_ciphers(ssl, &data);
  ciphers.assign(reinterpret_cast<const char*>(data), length);
}

void Circumstances::Take(SSL* ssl, const Greeting* said, ConstBytes unread) {
  is_server = SSL_is_server(ssl) == 1;
  is_finished = said == nullptr;  // OpenSSL has put the failed connection back to before its handshake.
  least_version = static_cast<int>(SSL_get_min_proto_version(ssl));
  most_version = static_cast<int>(SSL_get_max_proto_version(ssl));
  X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
  const char* host = X509_VERIFY_PARAM_get0_host(parameters, 0);
  if (host != nullptr) expected_name = host;
  char* address = X509_VERIFY_PARAM_get1_ip_asc(parameters);
  if (address != nullptr) expected_name = address;
  OPENSSL_free(address);
  our_protocols = PolicyOf(SSL_get_SSL_CTX(ssl)).protocols;
  if (said == nullptr) return;
  greeting = *said;
  greeting.Note(unread);
  our_ciphers = OurCiphers(ssl);
  peer_ciphers = CipherNames(ssl, greeting.ciphers);
}

}  // namespace shrapnel
