// Descriptors through a UNIX stream socket (unix(7), SCM_RIGHTS): one byte carries one. Nothing here waits.
#pragma once

#include <cstdint>

#include "unique_fd.h"

namespace shrapnel {

// 1, or -errno; then nothing was sent. `passed` stays the caller's.
[[nodiscard]] int SendDescriptor(int socket, int passed) noexcept;

struct ReceivedByte {
  std::uint8_t byte = 0;
  int count = 0;  // how many descriptors came with it
  UniqueFd fd;    // the one, if it was one; closed on exec. More than one are closed again.
};

// 1, 0 at the end of the stream, or -errno. -EMFILE and -ENFILE leave byte and descriptor in the socket.
[[nodiscard]] int ReceiveDescriptor(int socket, ReceivedByte& out) noexcept;

}  // namespace shrapnel
