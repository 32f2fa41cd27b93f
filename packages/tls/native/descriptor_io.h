// An engine on a non-blocking socket: each call goes as far as the socket lets it and never waits. `fd` -1 is no socket: then what
// came in must have been put into the engine's stash, and what goes out is left in its pending bytes (the Stream mode).
//
// Reading takes from the socket once, into a slab that all connections of the thread share, and decrypts from there to where the
// caller wants it. Writing gathers records to 64 KB and sends them at once, and stops making records when the kernel takes no
// more. What it did not take, and what the caller did not ask for, stays with the engine until next time.
//
// A server of TLS 1.3 has a ticket to send when its handshake is done, which nobody waits for. It is held back until there is something
// to send with it, or until a read finds nothing: a request that came with the end of the handshake gets both in one segment.
#pragma once

#include "engine.h"

namespace shrapnel {

constexpr int kNoSocket = -1;

class DescriptorIo final : private Outlet {
 public:
  DescriptorIo(Environment& environment, Engine& engine, int fd)
      : environment_(environment), engine_(engine), fd_(fd), turn_(engine, environment, fd == kNoSocket ? nullptr : this) {}

  // 0: done. kWantRead, kWantWrite, kEnded, kFailed or -errno otherwise. With `may_receive` false it asks nothing of the socket.
  // `trusts_short`: a recv(2) that takes less than there was room for has drained the socket.
  [[nodiscard]] Outcome Handshake(bool may_receive, bool trusts_short);
  // A count above 0; kClosed, kEnded, kWantRead, kFailed or -errno.
  [[nodiscard]] Outcome Read(Bytes into, bool trusts_short);
  // How much of `from` was made records of; 0: first must what is pending go. kWantRead, kFailed or -errno.
  [[nodiscard]] Outcome Write(ConstBytes from);
  // Sends what is pending. 0 (whether it all went is in the flags), kFailed or -errno.
  [[nodiscard]] Outcome Flush();
  // Says close_notify. 0 (whether it went is in the flags), kWantRead, kFailed or -errno.
  [[nodiscard]] Outcome Shutdown();
  // After a kWantRead of Write or Shutdown: takes what the socket has, for the next read and the next write. 0, kWantRead, kEnded or -errno.
  [[nodiscard]] Outcome Pull();
  // Before the socket is closed: says close_notify, if it is to and the kernel takes it now.
  void Close(bool says_end);

 private:
  [[nodiscard]] bool MayHoldTicket() const noexcept;
  [[nodiscard]] Outcome Receive(bool trusts_short);
  [[nodiscard]] Outcome SendMade();
  [[nodiscard]] Outcome SendPending();
  void Discard() noexcept;
  [[nodiscard]] Outcome LastWords(Outcome sent);
  [[nodiscard]] std::size_t Take(ConstBytes bytes) noexcept override;
  void SetDrained(bool is_drained) noexcept;

  Environment& environment_;
  Engine& engine_;
  int fd_;
  bool is_drained_ = false;
  bool is_full_ = false;  // the kernel takes no more
  int error_ = 0;         // the errno of a send that failed
  Engine::Turn turn_;
};

}  // namespace shrapnel
