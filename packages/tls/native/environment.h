// What the connections of one thread share: the slabs that ciphertext passes through, so that an idle connection holds no buffer,
// and the words that JavaScript reads after each call. One for each Node-API environment: worker threads have their own.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "bytes.h"
#include "failure.h"
#include "outcome.h"

namespace shrapnel {

// What one recv(2) takes. Loopback delivers up to this much at once.
constexpr std::size_t kReceiveBytes = 65'536;
// Plaintext that is made records of before a send(2): eight full ones.
constexpr std::size_t kMostPlaintext = 8 * 16'384;
// Those records, and what a record adds (RFC 8446, 5.2: at most 256 bytes and the header) to each.
constexpr std::size_t kOutputBytes = kMostPlaintext + 9 * 512;

struct Environment {
  std::unique_ptr<std::uint8_t[]> received{new std::uint8_t[kReceiveBytes]};
  std::unique_ptr<std::uint8_t[]> gathered{new std::uint8_t[16'384]};
  ByteBuffer output;
  Failure failure;  // of whatever failed last
  State fallback{};
  State* state = &fallback;
};

}  // namespace shrapnel
