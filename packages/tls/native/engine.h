// Engine: one TLS connection without its transport. Ciphertext comes in from a span, ciphertext goes out into a buffer, and no call
// of it waits or touches a descriptor: descriptor_io.cc and the calls of the Stream mode move the bytes.
//
// Between calls it holds only what is in between: `stash`, ciphertext that came and was not asked for yet, and `pending`, ciphertext
// that the transport has not taken. Both are empty, and without memory, while nothing is going on.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bytes.h"
#include "environment.h"
#include "greeting.h"
#include "ocsp.h"
#include "openssl.h"
#include "tickets.h"

namespace shrapnel {

// Where large pieces of ciphertext may go at once, without passing through the output buffer.
class Outlet {
 public:
  // How many bytes it took: fewer than there are if it takes no more in this turn.
  [[nodiscard]] virtual std::size_t Take(ConstBytes bytes) noexcept = 0;

 protected:
  ~Outlet() = default;
};

// So much ciphertext is sent at once. What the kernel does for a piece, up to waking the peer, costs more than copying a record.
constexpr std::size_t kSendBytes = 65'536;

// Messages after the handshake (KeyUpdate, tickets, attempts to renegotiate) that a peer may send without any data between them. Each
// costs us more than it costs the peer.
constexpr int kMostIdleMessages = 32;
// Ciphertext that the transport has not taken. What a send leaves here is less; the rest are answers, which a peer may ask for without
// ever reading one.
constexpr std::size_t kMostPending = 512 * 1024;

// Of one connection's stapling.
struct OcspState {
  OcspMode mode = OcspMode::kOff;
  OcspVerdict verdict = OcspVerdict::kNone;
  long good_seconds = 0x7fffffff;    // how long the answer was good for when it came
  std::vector<std::string> staples;  // what a server may give
};

class Engine {
 public:
  // nullptr: OpenSSL refused; `environment.failure` says why.
  static std::unique_ptr<Engine> Make(Environment& environment, SSL_CTX* context, bool is_server);
  ~Engine();

  // How many there are in the process, for tests of leaks.
  [[nodiscard]] static int Count() noexcept;

  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] SSL* ssl() const noexcept { return ssl_.get(); }
  [[nodiscard]] ByteBuffer& pending() noexcept { return pending_; }
  [[nodiscard]] const ByteBuffer& pending() const noexcept { return pending_; }
  // What is pending may wait for what is sent next.
  void Hold(bool is_held) noexcept { is_held_ = is_held; }
  [[nodiscard]] bool Holds() const noexcept { return is_held_; }
  [[nodiscard]] ByteBuffer& stash() noexcept { return stash_; }
  [[nodiscard]] bool IsFinished() const noexcept { return SSL_is_init_finished(ssl_.get()) == 1; }
  // Whether a read may find bytes without asking the transport.
  [[nodiscard]] bool HasInput() const noexcept { return input_.length > 0 || SSL_pending(ssl_.get()) > 0; }
  // The peer has said close_notify, or TLS has given the connection up: no input changes what the next read says.
  [[nodiscard]] bool HasEnded() const noexcept {
    return failure_ != nullptr || (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

  // Every call from JavaScript that uses what follows has one of these around it.
  class Turn {
   public:
    Turn(Engine& engine, Environment& environment, Outlet* outlet);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Engine& engine_;
  };

  // Ciphertext that the next calls of this turn read. Only when the input before it is used up.
  void Offer(ConstBytes input) noexcept { input_ = input; }
  // What the calls of this turn have made, to be sent.
  [[nodiscard]] ByteBuffer& output() noexcept { return environment_->output; }

  // 1: done.
  [[nodiscard]] Outcome Handshake();
  // A count above 0.
  [[nodiscard]] Outcome Read(Bytes into);
  // How much one record holds of it. kWantRead: the peer is in the middle of a message, and the rest of it has to be read first.
  [[nodiscard]] Outcome Write(ConstBytes from);
  // Reads on until there is data, which it leaves there: 0. kClosed, kWantRead or kFailed otherwise.
  [[nodiscard]] Outcome Peek();
  // Says close_notify, once. kWantRead as in Write.
  [[nodiscard]] Outcome Shutdown();

  // Offers it to the server. Before the handshake.
  [[nodiscard]] bool Resume(SSL_SESSION* session) noexcept;
  // The oldest of the last few sessions that the peer gave and that were not taken, or nullptr.
  [[nodiscard]] SessionPointer TakeSession() noexcept;

  [[nodiscard]] OcspState& ocsp() noexcept { return ocsp_; }
  // Of the context that it was made with, or that it got by the name that the client asked for.
  [[nodiscard]] TicketKeys* ticket_keys() const noexcept { return ticket_keys_; }
  // Lines for a key log are made from now on, in this context and in those that it gets later.
  void LogKeys();
  // Those that have come since this was last asked, each with its end.
  [[nodiscard]] std::string TakeKeyLog() noexcept { return std::exchange(key_log_, {}); }

  static Engine* Of(const SSL* ssl) noexcept;

  // On a server, before the handshake: it gives kWantContext when the ClientHello has come, until one of these is called.
  void AskForContext() noexcept { is_context_wanted_ = true; }
  // With `has_tickets` its tickets are the context's; otherwise those of the context before it, unless the new one gives none.
  [[nodiscard]] bool UseContext(SSL_CTX* context, bool has_tickets);
  void Refuse(int alert) noexcept { refusal_ = alert; }

  // What the client asked for; empty: nothing. On a server, until the greeting is forgotten.
  [[nodiscard]] std::string ServerName() const;
  // What the client said, until the handshake is done and it was forgotten; otherwise nullptr.
  [[nodiscard]] const Greeting* greeting() const noexcept { return greeting_.get(); }
  void ForgetGreeting() noexcept { greeting_.reset(); }

  static int OnClientHello(SSL* ssl, int* alert, void*);
  static void OnInfo(const SSL* ssl, int where, int value);
  static void OnMessage(int is_written, int version, int type, const void* bytes, std::size_t length, SSL* ssl, void*);
  static int OnVerify(int is_well, X509_STORE_CTX* store);
  static int OnSession(SSL* ssl, SSL_SESSION* session);
  static void OnKeyLog(const SSL* ssl, const char* line);

 private:
  explicit Engine(SslPointer ssl);
  static const BIO_METHOD* Method();
  static int OnBioRead(BIO* bio, char* into, std::size_t length, std::size_t* count);
  static int OnBioWrite(BIO* bio, const char* from, std::size_t length, std::size_t* count);
  static long OnBioControl(BIO* bio, int command, long number, void* pointer);

  [[nodiscard]] Outcome Explain(int result);
  [[nodiscard]] Outcome FailAgain();
  [[nodiscard]] Outcome GiveUp(const char* reason);
  [[nodiscard]] bool IsFlooded() const noexcept { return idle_messages_ > kMostIdleMessages; }
  void NoteRenewal();

  // What every turn looks at is together.
  SslPointer ssl_;
  Environment* environment_ = nullptr;  // only during a turn
  Outlet* outlet_ = nullptr;            // only during a turn; nullptr: everything goes into the output
  ConstBytes input_;                    // only during a turn
  ByteBuffer stash_;
  ByteBuffer pending_;
  std::unique_ptr<Failure> failure_;  // why TLS gave the connection up: whatever is tried afterwards fails of it too
  std::unique_ptr<Greeting> greeting_{new Greeting};
  int idle_messages_ = 0;
  bool is_input_stashed_ = false;
  bool is_held_ = false;
  bool is_established_ = false;  // the handshake was finished once
  std::vector<SessionPointer> sessions_;
  std::string key_log_;
  const SSL_SESSION* offered_ = nullptr;  // until the handshake is done
  TicketKeys* ticket_keys_ = nullptr;     // of a context that `ssl_` holds: the first one or the one it has
  OcspState ocsp_;
  bool logs_keys_ = false;
  std::string refused_certificate_;  // DER
  bool is_context_wanted_ = false;
  int refusal_ = -1;  // the alert that a client gets for what it asked for
  long verify_ = 0;
  int depth_ = 0;
  std::int16_t alert_sent_ = -1;
  std::int16_t alert_received_ = -1;
};

}  // namespace shrapnel
