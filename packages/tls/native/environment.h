// What the connections of one thread share: the slabs that ciphertext passes through, so that an idle connection holds no buffer,
// and the words that JavaScript reads after each call. One for each Node-API environment: worker threads have their own.
#pragma once

#include <cstddef>
#include <memory>

#include "bytes.h"
#include "failure.h"
#include "outcome.h"

namespace shrapnel {

// What one recv(2) takes. Loopback delivers up to this much at once.
constexpr std::size_t kReceiveBytes = 65'536;
// Plaintext that one call makes records of at most.
constexpr std::size_t kMostPlaintext = 256 * 1024;
// What the output buffer has room for from the start: the messages of a handshake, and a record.
constexpr std::size_t kOutputBytes = 32'768;

struct Environment {
  std::unique_ptr<std::uint8_t[]> received{new std::uint8_t[kReceiveBytes]};
  ByteBuffer output;
  Failure failure;  // of whatever failed last
  State fallback{};
  State* state = &fallback;
};

}  // namespace shrapnel
