// The keys of tickets, and what OpenSSL asks of them. The name of a key, 16 bytes in front of every ticket, is made of 8 that all
// keys of a secret share and the number of the slot: finding a key, or that there is none, takes one look.
#include "tickets.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <ctime>
#include <string>

#include "connection_facts.h"
#include "engine.h"

namespace shrapnel {
namespace {

constexpr std::size_t kIvBytes = 16;  // AES
constexpr char kDigest[] = "SHA256";

struct FreeKdf {
  void operator()(EVP_KDF* kdf) const noexcept { EVP_KDF_free(kdf); }
  void operator()(EVP_KDF_CTX* context) const noexcept { EVP_KDF_CTX_free(context); }
};

// Looked up once: a look-up takes locks.
[[nodiscard]] const EVP_CIPHER* Aes() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return cipher;
}

void PutNumber(std::uint8_t* into, std::int64_t number) {
  for (int i = 7; i >= 0; --i, number >>= 8) into[i] = static_cast<std::uint8_t>(number & 0xff);
}

[[nodiscard]] std::int64_t NumberAt(const std::uint8_t* from) {
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | from[i];
  return static_cast<std::int64_t>(number);
}

// OpenSSL wants parameters that it could write to, and does not.
[[nodiscard]] void* Unread(const void* bytes) { return const_cast<void*>(bytes); }

[[nodiscard]] bool SetMacKey(EVP_MAC_CTX* mac, const std::uint8_t* key, std::size_t length) {
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, Unread(key), length),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, static_cast<char*>(Unread(kDigest)), 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

using Shared = std::shared_ptr<TicketKeys>;

int KeysIndex() {
  const auto free = [](void*, void* held, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Shared*>(held); };
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free);
  return index;
}

int OnTicket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int is_sealing) {
  TicketKeys* keys = Engine::Of(ssl)->ticket_keys();
  if (keys == nullptr) return 0;
  if (is_sealing == 1) return keys->Seal(name, iv, cipher, mac);
  const int opened = keys->Open(name, iv, cipher, mac);
  // A ticket of TLS 1.3 is used up by that: without another one the client could go on only once.
  return opened == 1 && SSL_version(ssl) >= TLS1_3_VERSION ? 2 : opened;
}

// How long a verified client may go on without showing its certificate again: it may have been revoked.
constexpr std::int64_t kMostVerifiedSeconds = 24 * 3600;
constexpr std::size_t kEndBytes = 8;

// Before a ticket is sealed: what is put beside the session. 1, or 0 for a failure.
int OnTicketMade(SSL* ssl, void*) {
  const TicketKeys* keys = Engine::Of(ssl)->ticket_keys();
  // What goes on has the end that it had.
  if (keys == nullptr || SSL_session_reused(ssl) == 1) return 1;
  // OpenSSL has taken the lifetime from the connection's first context.
  static_cast<void>(SSL_SESSION_set_timeout(SSL_get_session(ssl), static_cast<long>(keys->lifetime())));
  if (SSL_get0_verified_chain(ssl) == nullptr) return 1;
  std::uint8_t end[kEndBytes];
  PutNumber(end, keys->Now() + std::min<std::int64_t>(VerifiedSeconds(ssl), kMostVerifiedSeconds));
  return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), end, sizeof end);
}

SSL_TICKET_RETURN OnTicketOpened(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t, SSL_TICKET_STATUS status,
                                 void*) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) return SSL_TICKET_RETURN_IGNORE_RENEW;
  void* end = nullptr;
  std::size_t length = 0;
  const TicketKeys* keys = Engine::Of(ssl)->ticket_keys();
  const bool is_over = SSL_SESSION_get0_ticket_appdata(session, &end, &length) == 1 && length == kEndBytes && keys != nullptr &&
                       NumberAt(static_cast<const std::uint8_t*>(end)) <= keys->Now();
  if (is_over) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace

std::shared_ptr<TicketKeys> TicketKeys::Make(ConstBytes secret, std::int64_t rotation, std::int64_t lifetime,
                                             std::int64_t shift) {
  std::shared_ptr<TicketKeys> keys(new TicketKeys(secret, rotation, lifetime, shift));
  return keys->Derive("id", 0, keys->id_.data(), kIdBytes) ? keys : nullptr;
}

TicketKeys::TicketKeys(ConstBytes secret, std::int64_t rotation, std::int64_t lifetime, std::int64_t shift)
    : secret_(secret.data, secret.data + secret.length), rotation_(rotation), lifetime_(lifetime), shift_(shift) {}

TicketKeys::~TicketKeys() {
  OPENSSL_cleanse(secret_.data(), secret_.size());
  for (Slot& slot : slots_) OPENSSL_cleanse(slot.keys.data(), slot.keys.size());
}

int TicketKeys::Seal(std::uint8_t* name, std::uint8_t* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const Slot* slot = Find(Now() / rotation_);
  if (slot == nullptr || RAND_bytes(iv, kIvBytes) != 1) return -1;
  std::copy(id_.begin(), id_.end(), name);
  PutNumber(name + kIdBytes, slot->number);
  const bool is_well = EVP_EncryptInit_ex2(cipher, Aes(), slot->keys.data(), iv, nullptr) == 1 &&
                       SetMacKey(mac, slot->keys.data() + kKeyBytes, kKeyBytes);
  return is_well ? 1 : -1;
}

int TicketKeys::Open(const std::uint8_t* name, const std::uint8_t* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  if (CRYPTO_memcmp(name, id_.data(), kIdBytes) != 0) return 0;
  const std::int64_t number = NumberAt(name + kIdBytes);
  const std::int64_t now = Now();
  const std::int64_t current = now / rotation_;
  // The next one: another machine's clock may be ahead of ours. What was sealed in the last moment of a slot is good for a lifetime.
  if (number < (now - lifetime_) / rotation_ || number > current + 1) return 0;
  const Slot* slot = Find(number);
  if (slot == nullptr) return -1;
  const bool is_well = SetMacKey(mac, slot->keys.data() + kKeyBytes, kKeyBytes) &&
                       EVP_DecryptInit_ex2(cipher, Aes(), slot->keys.data(), iv, nullptr) == 1;
  if (!is_well) return -1;
  return number < current ? 2 : 1;
}

std::int64_t TicketKeys::Now() const noexcept { return static_cast<std::int64_t>(std::time(nullptr)) + shift_; }

const TicketKeys::Slot* TicketKeys::Find(std::int64_t number) {
  const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) { return slot.number == number; });
  if (found != slots_.end()) return &*found;
  Slot slot;
  slot.number = number;
  if (!Derive("keys", number, slot.keys.data(), slot.keys.size())) return nullptr;
  if (slots_.size() < kMostSlots) {
    slots_.push_back(slot);
    OPENSSL_cleanse(slot.keys.data(), slot.keys.size());
    return &slots_.back();
  }
  // The one from farthest ago is the one that will be asked for least.
  const auto oldest = std::min_element(slots_.begin(), slots_.end(),
                                       [](const Slot& a, const Slot& b) { return a.number < b.number; });
  *oldest = slot;
  OPENSSL_cleanse(slot.keys.data(), slot.keys.size());
  return &*oldest;
}

bool TicketKeys::Derive(const char* purpose, std::int64_t number, std::uint8_t* into, std::size_t length) const {
  const std::unique_ptr<EVP_KDF, FreeKdf> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  if (kdf == nullptr) return false;
  const std::unique_ptr<EVP_KDF_CTX, FreeKdf> context(EVP_KDF_CTX_new(kdf.get()));
  if (context == nullptr) return false;
  std::string info = std::string("shrapnel tickets ") + purpose + ' ';
  std::uint8_t slot[8];
  PutNumber(slot, number);
  // Other rotations are other slots: the same number must not be the same key for another time.
  std::uint8_t rotation[8];
  PutNumber(rotation, rotation_);
  info.append(reinterpret_cast<const char*>(rotation), sizeof rotation);
  info.append(reinterpret_cast<const char*>(slot), sizeof slot);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, static_cast<char*>(Unread(kDigest)), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, Unread(secret_.data()), secret_.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end(),
  };
  return EVP_KDF_derive(context.get(), into, length, parameters) == 1;
}

int SetTickets(SSL_CTX* context, const std::shared_ptr<TicketKeys>& keys, int count) {
  // Also where there are no keys: a connection may get another context that has some.
  if (SSL_CTX_set_tlsext_ticket_key_evp_cb(context, OnTicket) != 1 ||
      SSL_CTX_set_session_ticket_cb(context, OnTicketMade, OnTicketOpened, nullptr) != 1) {
    return 0;
  }
  if (count == 0 || keys == nullptr) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    return SSL_CTX_set_num_tickets(context, 0);
  }
  auto shared = std::make_unique<Shared>(keys);
  if (SSL_CTX_set_ex_data(context, KeysIndex(), shared.get()) != 1) return 0;
  static_cast<void>(shared.release());  // The context's now.
  SSL_CTX_set_timeout(context, static_cast<long>(keys->lifetime()));
  return SSL_CTX_set_num_tickets(context, static_cast<std::size_t>(count));
}

TicketKeys* TicketKeysOf(const SSL_CTX* context) {
  const auto* shared = static_cast<const Shared*>(SSL_CTX_get_ex_data(context, KeysIndex()));
  return shared == nullptr ? nullptr : shared->get();
}

}  // namespace shrapnel
