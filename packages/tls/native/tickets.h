// Session tickets of a server (RFC 5077, RFC 8446 section 4.6.1): the state of a session, sealed and handed to the client, so that the
// server keeps nothing. Whoever has the same secret can open them: other processes behind the same port, and this one after a restart.
//
// Time is cut into slots as long as a rotation, and each slot has keys of its own: HKDF (RFC 5869) of the secret and the number of the
// slot. So processes that share the secret rotate together and tell each other nothing. A ticket names its slot; one that is older than
// a session may be is refused without an error, and the handshake is a full one.
//
// Each connection that goes on gets a ticket with a whole lifetime before it, so sessions would never end. The one of a client that has
// shown a certificate does: the ticket says until when that certificate was good, and those that follow from it say the same.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "bytes.h"
#include "openssl.h"

namespace shrapnel {

class TicketKeys {
 public:
  // nullptr: OpenSSL refused. `shift` moves the clock, in seconds.
  static std::shared_ptr<TicketKeys> Make(ConstBytes secret, std::int64_t rotation, std::int64_t lifetime, std::int64_t shift);
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // How long a ticket is good for, in seconds.
  [[nodiscard]] std::int64_t lifetime() const noexcept { return lifetime_; }

  // Seconds since 1970.
  [[nodiscard]] std::int64_t Now() const noexcept;

  // As OpenSSL has it: 1 done, 2 done and the client should get a new one, 0 not a ticket of ours, -1 failed.
  [[nodiscard]] int Seal(std::uint8_t* name, std::uint8_t* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  [[nodiscard]] int Open(const std::uint8_t* name, const std::uint8_t* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);

 private:
  static constexpr std::size_t kIdBytes = 8;
  static constexpr std::size_t kKeyBytes = 32;
  static constexpr std::size_t kMostSlots = 8;

  struct Slot {
    std::int64_t number = 0;
    std::array<std::uint8_t, 2 * kKeyBytes> keys{};  // for the cipher, for the MAC
  };

  TicketKeys(ConstBytes secret, std::int64_t rotation, std::int64_t lifetime, std::int64_t shift);
  [[nodiscard]] const Slot* Find(std::int64_t number);
  [[nodiscard]] bool Derive(const char* purpose, std::int64_t number, std::uint8_t* into, std::size_t length) const;

  std::vector<std::uint8_t> secret_;
  std::int64_t rotation_;
  std::int64_t lifetime_;
  std::int64_t shift_;
  std::array<std::uint8_t, kIdBytes> id_{};
  std::vector<Slot> slots_;  // those used lately
};

// The context's connections give `count` tickets each, sealed with `keys`, which it holds from then on. 0: none, and none is taken.
[[nodiscard]] int SetTickets(SSL_CTX* context, const std::shared_ptr<TicketKeys>& keys, int count);
// Those of a context, or nullptr. They live as long as it.
[[nodiscard]] TicketKeys* TicketKeysOf(const SSL_CTX* context);

}  // namespace shrapnel
