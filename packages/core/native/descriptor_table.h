// The descriptors one JavaScript thread has open. It owns them: when the thread ends, whatever its
// coroutines left open is closed here. Numbers are the index, as the kernel keeps them small.
#pragma once

#include <cstddef>
#include <vector>

#include "unique_fd.h"

namespace shrapnel {

class DescriptorTable {
 public:
  // Takes ownership of `fd`.
  void Put(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    while (slots_.size() <= index) slots_.emplace_back();
    slots_[index].Reset(fd);
    ++open_;
  }

  [[nodiscard]] bool Has(int fd) const noexcept {
    return fd >= 0 && static_cast<std::size_t>(fd) < slots_.size() && slots_[static_cast<std::size_t>(fd)].get() >= 0;
  }

  // Gives ownership up; -1 if the number is not ours.
  [[nodiscard]] int Take(int fd) noexcept {
    if (!Has(fd)) return -1;
    --open_;
    return slots_[static_cast<std::size_t>(fd)].Release();
  }

  [[nodiscard]] std::size_t open() const noexcept { return open_; }

 private:
  std::vector<UniqueFd> slots_;
  std::size_t open_ = 0;
};

}  // namespace shrapnel
