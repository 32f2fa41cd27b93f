// What a call says that is neither a count nor -errno. Below every errno, and the same numbers in src/native.ts.
#pragma once

#include <cstdint>

namespace shrapnel {

using Outcome = std::int64_t;  // a count of at least 0, -errno, or one of these

constexpr Outcome kWantRead = -10001;   // nothing more until the transport has more
constexpr Outcome kWantWrite = -10002;  // nothing more until the transport has taken what is pending
constexpr Outcome kClosed = -10003;     // the peer said close_notify
constexpr Outcome kEnded = -10004;      // the transport ended without one
constexpr Outcome kFailed = -10005;     // OpenSSL refused; Failure has the details
constexpr Outcome kWantContext = -10006;  // a client has said what it wants, and the context for it has to be chosen

// Bits of State::flags, valid after each call on an engine.
constexpr std::int32_t kDrained = 1;        // nothing is left in the transport, nor here
constexpr std::int32_t kPendingOutput = 2;  // ciphertext waits for the transport
constexpr std::int32_t kHasSession = 4;     // the peer gave a session that can be resumed
constexpr std::int32_t kHasKeyLog = 8;      // there are lines for a key log

// Memory that JavaScript sees too (an Int32Array there).
struct State {
  std::int32_t flags;
  // What engineFacts tells.
  std::int32_t version;
  std::int32_t cipher;
  std::int32_t group;
};

// What engineFacts gives.
constexpr std::int32_t kIsResumed = 1;
constexpr std::int32_t kHasAlpn = 2;
constexpr std::int32_t kHasServerName = 4;

}  // namespace shrapnel
