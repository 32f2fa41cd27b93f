// The BIO here never blocks on writing: it takes everything into the buffer of the turn. So SSL_write never has to be repeated with
// the same arguments, which is the one thing about OpenSSL that callers get wrong most.
#include "engine.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "policy.h"

namespace shrapnel {
namespace {

std::atomic<int> engine_count{0};

}  // namespace

std::unique_ptr<Engine> Engine::Make(Environment& environment, SSL_CTX* context, bool is_server) {
  ERR_clear_error();
  SslPointer ssl(SSL_new(context));
  if (ssl == nullptr) {
    environment.failure = Failure{};
    environment.failure.TakeFromQueue();
    return nullptr;
  }
  std::unique_ptr<Engine> engine(new Engine(std::move(ssl)));
  BIO* bio = BIO_new(Method());
  if (bio == nullptr || SSL_set_app_data(engine->ssl(), engine.get()) != 1) {
    BIO_free(bio);
    environment.failure = Failure{};
    environment.failure.TakeFromQueue();
    return nullptr;
  }
  BIO_set_data(bio, engine.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(engine->ssl(), bio, bio);  // It is the engine's from here on.
  engine->ticket_keys_ = TicketKeysOf(context);
  if (is_server) {
    SSL_set_accept_state(engine->ssl());
  } else {
    SSL_set_connect_state(engine->ssl());
  }
  return engine;
}

Engine::Engine(SslPointer ssl) : ssl_(std::move(ssl)) { ++engine_count; }

int Engine::Count() noexcept { return engine_count; }

// A connection that ends without a close_notify would make its session unfit for resumption, as SSL 3 wanted it. TLS does not (RFC
// 5246, 7.2.1); after a fatal alert OpenSSL has seen to it already.
Engine::~Engine() {
  SSL_set_shutdown(ssl(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  --engine_count;
}

Engine* Engine::Of(const SSL* ssl) noexcept { return static_cast<Engine*>(SSL_get_app_data(ssl)); }

// One for the process, made by whichever thread comes first.
const BIO_METHOD* Engine::Method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "shrapnel");
    if (made == nullptr) return made;
    BIO_meth_set_read_ex(made, OnBioRead);
    BIO_meth_set_write_ex(made, OnBioWrite);
    BIO_meth_set_ctrl(made, OnBioControl);
    return made;
  }();
  return method;
}

int Engine::OnBioRead(BIO* bio, char* into, std::size_t length, std::size_t* count) {
  auto* engine = static_cast<Engine*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const std::size_t taken = std::min(length, engine->input_.length);
  *count = 0;
  // The way to stop SSL_read, which goes on for as long as there are messages. Explain says why.
  if (engine->IsFlooded()) return 0;
  if (taken == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(into, engine->input_.data, taken);
  if (engine->greeting_ != nullptr) engine->greeting_->Note({engine->input_.data, taken});
  engine->input_.Skip(taken);
  *count = taken;
  return 1;
}

int Engine::OnBioWrite(BIO* bio, const char* from, std::size_t length, std::size_t* count) {
  auto* engine = static_cast<Engine*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *count = 0;
  // Outside of a turn (when the SSL is freed) there is nowhere to write to, and nothing is written.
  if (engine->environment_ == nullptr) return 0;
  ByteBuffer& output = engine->output();
  if (!output.Append(from, length)) return 0;
  *count = length;
  if (engine->outlet_ != nullptr && engine->pending_.empty() && output.bytes().length >= kSendBytes) {
    output.Skip(engine->outlet_->Take(output.bytes()));
  }
  return 1;
}

long Engine::OnBioControl(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

Engine::Turn::Turn(Engine& engine, Environment& environment, Outlet* outlet) : engine_(engine) {
  // Looking is cheaper than clearing.
  if (ERR_peek_error() != 0) ERR_clear_error();
  engine.environment_ = &environment;
  engine.outlet_ = outlet;
  environment.output.Clear();
  engine.input_ = engine.stash_.bytes();
  engine.is_input_stashed_ = engine.input_.length > 0;
}

Engine::Turn::~Turn() {
  Environment& environment = *engine_.environment_;
  ConstBytes& input = engine_.input_;
  if (engine_.is_input_stashed_) {
    // What was offered after the stash was used up is copied below, so the stash goes first.
    const ConstBytes stashed = engine_.stash_.bytes();
    const bool is_inside = input.length > 0 && input.data >= stashed.data && input.data < stashed.data + stashed.length;
    engine_.stash_.Drop(is_inside ? static_cast<std::size_t>(input.data - stashed.data) : stashed.length);
    if (is_inside) input = {};
  }
  bool is_kept = engine_.stash_.Append(input.data, input.length);
  const ConstBytes made = environment.output.bytes();
  is_kept = engine_.pending_.Append(made.data, made.length) && is_kept;
  // Without memory for what is in between the connection is lost: OpenSSL is told so, and refuses from now on.
  if (!is_kept) SSL_set_shutdown(engine_.ssl(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  environment.output.Clear();
  environment.state->flags = (environment.state->flags & ~(kPendingOutput | kHasSession | kHasKeyLog)) |
                             (engine_.pending_.empty() ? 0 : kPendingOutput) |
                             (engine_.sessions_.empty() ? 0 : kHasSession) |
                             (engine_.key_log_.empty() ? 0 : kHasKeyLog);
  engine_.input_ = {};
  engine_.environment_ = nullptr;
  engine_.outlet_ = nullptr;
}

Outcome Engine::Handshake() {
  if (failure_ != nullptr) return FailAgain();
  const int result = SSL_do_handshake(ssl());
  if (result != 1) return Explain(result);
  is_established_ = true;
  NoteRenewal();
  return 1;
}

Outcome Engine::Read(Bytes into) {
  if (failure_ != nullptr) return FailAgain();
  if (pending_.bytes().length > kMostPending) return GiveUp("the peer does not read the answers it asks for");
  std::size_t count = 0;
  const int result = SSL_read_ex(ssl(), into.data, into.length, &count);
  if (result != 1) return Explain(result);
  idle_messages_ = 0;
  return static_cast<Outcome>(count);
}

Outcome Engine::Write(ConstBytes from) {
  if (failure_ != nullptr) return FailAgain();
  std::size_t count = 0;
  const int result = SSL_write_ex(ssl(), from.data, from.length, &count);
  if (result != 1) return Explain(result);
  idle_messages_ = 0;
  return static_cast<Outcome>(count);
}

Outcome Engine::Peek() {
  if (failure_ != nullptr) return FailAgain();
  std::uint8_t byte = 0;
  std::size_t count = 0;
  const int result = SSL_peek_ex(ssl(), &byte, sizeof byte, &count);
  return result == 1 ? 0 : Explain(result);
}

Outcome Engine::Shutdown() {
  if (failure_ != nullptr || !is_established_ || (SSL_get_shutdown(ssl()) & SSL_SENT_SHUTDOWN) != 0) return 0;
  // In the middle of a message of the peer's SSL_shutdown() says nothing, and that it failed.
  if (!IsFinished()) {
    const int read = SSL_do_handshake(ssl());
    if (read != 1) return Explain(read);
  }
  const int result = SSL_shutdown(ssl());
  return result >= 0 ? 0 : Explain(result);
}

Outcome Engine::Explain(int result) {
  switch (SSL_get_error(ssl(), result)) {
    case SSL_ERROR_WANT_READ:
      return kWantRead;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
      return kWantContext;
    case SSL_ERROR_ZERO_RETURN:
      return kClosed;
    default:
      break;
  }
  if (IsFlooded()) return GiveUp("too many messages without data");
  failure_ = std::make_unique<Failure>();
  failure_->TakeFromQueue();
  failure_->verify = verify_;
  failure_->depth = depth_;
  failure_->ocsp = static_cast<int>(ocsp_.verdict);
  failure_->alert_sent = alert_sent_;
  failure_->alert_received = alert_received_;
  failure_->about.certificate = refused_certificate_;
  failure_->about.Take(ssl(), greeting_.get(), input_);
  ERR_clear_error();
  return FailAgain();
}

Outcome Engine::FailAgain() {
  environment_->failure = *failure_;
  return kFailed;
}

// Not OpenSSL's decision but ours.
Outcome Engine::GiveUp(const char* reason) {
  ERR_clear_error();
  failure_ = std::make_unique<Failure>();
  failure_->reason = reason;
  return FailAgain();
}

std::string Engine::ServerName() const {
  if (SSL_is_server(ssl()) == 1 && greeting_ != nullptr) return greeting_->server_name;
  const char* name = SSL_get_servername(ssl(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string() : std::string(name);
}

bool Engine::UseContext(SSL_CTX* context, bool has_tickets) {
  is_context_wanted_ = false;
  // OpenSSL takes all that is about tickets from the first context, whatever the chosen one has.
  TicketKeys* keys = TicketKeysOf(context);
  if (has_tickets || keys == nullptr) {
    ticket_keys_ = keys;
    static_cast<void>(keys == nullptr ? SSL_set_options(ssl(), SSL_OP_NO_TICKET) : SSL_clear_options(ssl(), SSL_OP_NO_TICKET));
    if (SSL_set_num_tickets(ssl(), SSL_CTX_get_num_tickets(context)) != 1) return false;
  }
  if (logs_keys_) SSL_CTX_set_keylog_callback(context, OnKeyLog);
  return Apply(context, ssl()) == 1;
}

bool Engine::Resume(SSL_SESSION* session) noexcept {
  if (SSL_set_session(ssl(), session) != 1) return false;
  offered_ = session;
  return true;
}

// A server of TLS 1.2 may give another ticket for a session that goes on. OpenSSL makes the old session unfit then, and tells nobody
// of the new one.
void Engine::NoteRenewal() {
  if (offered_ == nullptr) return;
  const bool is_renewed = SSL_version(ssl()) < TLS1_3_VERSION && SSL_session_reused(ssl()) == 1 &&
                          SSL_get_session(ssl()) != offered_;
  offered_ = nullptr;
  if (is_renewed) static_cast<void>(OnSession(ssl(), SSL_get1_session(ssl())));
}

SessionPointer Engine::TakeSession() noexcept {
  if (sessions_.empty()) return nullptr;
  SessionPointer first = std::move(sessions_.front());
  sessions_.erase(sessions_.begin());
  if (sessions_.empty()) sessions_.shrink_to_fit();
  return first;
}

void Engine::LogKeys() {
  logs_keys_ = true;
  SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(ssl()), OnKeyLog);
}

}  // namespace shrapnel
