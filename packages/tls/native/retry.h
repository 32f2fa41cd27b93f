// RetryOnSignal: repeats a system call while signals interrupt it, and hides no other error. Not for close(2) nor connect(2).
#pragma once

#include <cerrno>

namespace shrapnel {

template <typename Call>
[[nodiscard]] auto RetryOnSignal(Call call) noexcept {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

}  // namespace shrapnel
