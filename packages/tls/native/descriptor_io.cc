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

// A count, kWantWrite, or -errno.
[[nodiscard]] Outcome Send(int fd, ConstBytes bytes) noexcept {
  if (fd == kNoSocket) return kWantWrite;
  const ssize_t sent = RetryOnSignal([&] { return ::send(fd, bytes.data, bytes.length, kSendFlags); });
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EWOULDBLOCK ? kWantWrite : -errno;
}

}  // namespace

Outcome DescriptorIo::Handshake(bool may_receive, bool trusts_short) {
  for (;;) {
    const Outcome result = engine_.Handshake();
    // Also when it failed: what was made is the alert that tells the peer why.
    const Outcome sent = SendMade();
    if (result == kFailed) return result;
    if (sent < 0) return sent;
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
  // What ended it behind the last byte is told next time, and no event will come to ask for that.
  SetDrained(is_drained_ && !engine_.HasInput() && !engine_.HasEnded());
  const Outcome sent = SendMade();  // A KeyUpdate is answered, a failure explained. What does not go now goes next time.
  if (count > 0) return static_cast<Outcome>(count);
  return result == kFailed || sent >= 0 || sent == kWantWrite ? result : sent;
}

Outcome DescriptorIo::Write(ConstBytes from) {
  const Outcome flushed = Flush();
  if (flushed < 0 || (fd_ != kNoSocket && !engine_.pending().empty())) return flushed;
  const ConstBytes part{from.data, std::min(from.length, kMostPlaintext)};
  const Outcome written = engine_.Write(part);
  const Outcome sent = SendMade();
  return sent < 0 ? sent : written;
}

Outcome DescriptorIo::Flush() {
  ByteBuffer& pending = engine_.pending();
  if (pending.empty()) return 0;
  const Outcome sent = Send(fd_, pending.bytes());
  if (sent == kWantWrite) return 0;
  if (sent < 0) return sent;
  pending.Drop(static_cast<std::size_t>(sent));
  return 0;
}

Outcome DescriptorIo::Shutdown() {
  const Outcome result = engine_.Shutdown();
  const Outcome sent = SendMade();
  return result < 0 ? result : sent;
}

void DescriptorIo::Discard() noexcept {
  if (fd_ == kNoSocket) return;
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
  const Outcome flushed = Flush();
  if (flushed < 0) return flushed;
  if (made.empty() || !engine_.pending().empty()) return 0;  // The turn puts it behind what is pending.
  const ConstBytes bytes = made.bytes();
  const Outcome sent = Send(fd_, bytes);
  if (sent == kWantWrite) return 0;
  if (sent < 0) return sent;
  made.Skip(static_cast<std::size_t>(sent));
  return 0;
}

void DescriptorIo::SetDrained(bool is_drained) noexcept {
  environment_.state->flags = is_drained ? kDrained : 0;
}

}  // namespace shrapnel
