// The one file that makes system calls. Which of them may be left out decides what a small message costs: a read that was short has
// drained the socket (edge-triggered polling will tell of more), and a write that was short has filled it.
#include "descriptor_io.h"

#include <sys/socket.h>

#include <algorithm>

#include "retry.h"

namespace shrapnel {
namespace {

// macOS has no such flag; the core sets SO_NOSIGPIPE on its sockets there.
#ifdef MSG_NOSIGNAL
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;
#endif

// More than this does not wait for company.
constexpr std::size_t kLargePiece = 4096;

}  // namespace

Outcome DescriptorIo::Handshake(bool may_receive, bool trusts_short) {
  for (;;) {
    const Outcome result = engine_.Handshake();
    if (result == 1 && MayHoldTicket()) {
      engine_.Hold(true);
      // A read has to look, also where there is nothing: that is when what is held goes.
      SetDrained(false);
      return 0;
    }
    // Also when it failed: what was made is the alert that tells the peer why.
    const Outcome sent = SendMade();
    if (result == kFailed) return result;
    if (result == kClosed) return kEnded;  // close_notify before there was anything to close
    if (sent < 0) return LastWords(sent);
    if (result == kWantContext) return result;
    if (result == 1) {
      SetDrained(is_drained_ && !engine_.HasInput());
      return engine_.pending().empty() ? 0 : kWantWrite;
    }
    if (!engine_.pending().empty() && fd_ != kNoSocket) return kWantWrite;
    if (!may_receive) return kWantRead;
    const Outcome got = Receive(trusts_short);
    if (got < 0) return got;
  }
}

bool DescriptorIo::MayHoldTicket() const noexcept {
  const SSL* ssl = engine_.ssl();
  return fd_ != kNoSocket && SSL_is_server(ssl) == 1 && SSL_version(ssl) >= TLS1_3_VERSION && engine_.pending().empty() &&
         !environment_.output.empty();
}

// The peer has gone, and a write says so before a read could say why: it refused, with an alert that lies unread. kFailed, or `sent`.
// Data before the alert stays there, and then the read says why.
Outcome DescriptorIo::LastWords(Outcome sent) {
  for (;;) {
    const Outcome said = engine_.Peek();
    if (said == kFailed) return kFailed;
    if (said != kWantRead || Receive(false) != 0) return sent;
  }
}

Outcome DescriptorIo::Read(Bytes into, bool trusts_short) {
  Outcome result = engine_.HasInput() || engine_.HasEnded() ? 0 : Receive(trusts_short);
  std::size_t count = 0;
  while (result >= 0) {
    result = engine_.Read({into.data + count, into.length - count});
    if (result > 0) {
      count += static_cast<std::size_t>(result);
      if (count == into.length) break;
    } else if (result == kWantRead && count == 0) {
      result = Receive(trusts_short);
    }
  }
  // What ended it behind the last byte is told next time, and no event will come to ask for that. Nor for what is held.
  SetDrained(is_drained_ && !engine_.HasInput() && !engine_.HasEnded() && !engine_.Holds());
  // A KeyUpdate is answered, a failure explained. A ticket alone waits for what is sent next, if there is something to answer.
  const bool is_ticket_alone = engine_.Holds() && environment_.output.empty();
  const Outcome sent = count > 0 && is_ticket_alone ? 0 : SendMade();
  // What did not go now goes next time.
  if (count > 0) return static_cast<Outcome>(count);
  // What the peer has said goes before that it takes no answer. Nobody waits for the ticket: a peer may go without it.
  return result != kWantRead || sent >= 0 || is_ticket_alone ? result : sent;
}

Outcome DescriptorIo::Write(ConstBytes from) {
  if (!engine_.Holds() || from.length >= kLargePiece) {
    const Outcome flushed = SendPending();
    if (flushed < 0) return LastWords(flushed);
    if (fd_ != kNoSocket && !engine_.pending().empty()) return 0;
  }
  const std::size_t most = std::min(from.length, kMostPlaintext);
  std::size_t count = 0;
  Outcome result = 0;
  while (count < most && result >= 0 && !is_full_) {
    result = engine_.Write({from.data + count, most - count});
    if (result > 0) count += static_cast<std::size_t>(result);
  }
  const Outcome sent = SendMade();
  if (sent < 0) return LastWords(sent);
  return count > 0 ? static_cast<Outcome>(count) : result;
}

Outcome DescriptorIo::Flush() {
  const Outcome sent = SendPending();
  return sent < 0 ? LastWords(sent) : sent;
}

Outcome DescriptorIo::SendPending() {
  ByteBuffer& pending = engine_.pending();
  engine_.Hold(false);
  if (pending.empty() || is_full_) return -error_;
  pending.Drop(Take(pending.bytes()));
  return -error_;
}

Outcome DescriptorIo::Shutdown() {
  const Outcome result = engine_.Shutdown();
  const Outcome sent = SendMade();
  return result < 0 ? result : sent;
}

Outcome DescriptorIo::Pull() { return engine_.stash().empty() ? Receive(false) : 0; }

// Nobody is left to hear of a failure.
void DescriptorIo::Close(bool says_end) {
  // In the middle of a message of the peer's: the rest may have come.
  if (says_end && Shutdown() == kWantRead && Receive(false) == 0) static_cast<void>(Shutdown());
  Discard();
}

// Takes what the socket has and drops it, up to one slab: a socket that is closed with unread bytes is reset, and the peer may lose what
// was sent before. Behind its close_notify there is nothing.
void DescriptorIo::Discard() noexcept {
  if (fd_ == kNoSocket || (SSL_get_shutdown(engine_.ssl()) & SSL_RECEIVED_SHUTDOWN) != 0) return;
  static_cast<void>(RetryOnSignal([&] { return ::recv(fd_, environment_.received.get(), kReceiveBytes, 0); }));
}

// 0, kWantRead, kEnded or -errno.
Outcome DescriptorIo::Receive(bool trusts_short) {
  if (fd_ == kNoSocket || is_drained_) return kWantRead;
  std::uint8_t* slab = environment_.received.get();
  const ssize_t got = RetryOnSignal([&] { return ::recv(fd_, slab, kReceiveBytes, 0); });
  if (got == 0) return kEnded;
  if (got < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK) return -errno;
    is_drained_ = true;
    return kWantRead;
  }
  const auto count = static_cast<std::size_t>(got);
  is_drained_ = trusts_short && count < kReceiveBytes;
  engine_.Offer({slab, count});
  return 0;
}

// Sends what this call has made, behind what is pending. 0, or -errno.
Outcome DescriptorIo::SendMade() {
  ByteBuffer& made = environment_.output;
  if (engine_.Holds() && engine_.pending().Append(made.bytes().data, made.bytes().length)) made.Clear();
  const Outcome flushed = SendPending();
  // What does not go now the turn puts behind what is pending.
  if (flushed < 0 || made.empty() || is_full_ || !engine_.pending().empty()) return flushed;
  made.Skip(Take(made.bytes()));
  return -error_;
}

std::size_t DescriptorIo::Take(ConstBytes bytes) noexcept {
  if (fd_ == kNoSocket || is_full_) return 0;
  const ssize_t sent = RetryOnSignal([&] { return ::send(fd_, bytes.data, bytes.length, kSendFlags); });
  const auto count = sent > 0 ? static_cast<std::size_t>(sent) : 0;
  is_full_ = count < bytes.length;
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) error_ = errno;
  return count;
}

void DescriptorIo::SetDrained(bool is_drained) noexcept {
  environment_.state->flags = is_drained ? kDrained : 0;
}

}  // namespace shrapnel
