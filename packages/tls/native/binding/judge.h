// The outcome of one call of OpenSSL's that says no more than yes or no. Why not is kept for LastFailure.
#pragma once

#include "call.h"

namespace shrapnel {

template <std::size_t Count>
[[nodiscard]] Outcome Accepted(const Call<Count>& call, bool is_well) {
  if (is_well) {
    ERR_clear_error();
    return 0;
  }
  call.environment().failure = Failure{};
  call.environment().failure.TakeFromQueue();
  return kFailed;
}

}  // namespace shrapnel
