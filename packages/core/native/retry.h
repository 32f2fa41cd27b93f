// RetryOnSignal: the one place that knows what EINTR means. It repeats a system call and hides no other
// error.
#pragma once

#include <cerrno>

namespace shrapnel {

// Repeats `call` while signals interrupt it and gives back its last result, so -1 leaves the real errno.
// Not for close(2): after EINTR the number may already be someone else's. Not for connect(2): after EINTR the
// connection goes on being made, and a second call says EALREADY.
template <typename Call>
[[nodiscard]] auto RetryOnSignal(Call call) noexcept {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

}  // namespace shrapnel
