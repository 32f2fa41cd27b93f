// ByteBuffer: bytes on the heap that are appended behind and taken in front. It holds no memory while it is empty, unless it is
// told to keep it, so that an idle connection costs nothing for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace shrapnel {

struct Bytes {
  std::uint8_t* data = nullptr;
  std::size_t length = 0;
};

struct ConstBytes {
  const std::uint8_t* data = nullptr;
  std::size_t length = 0;

  void Skip(std::size_t count) noexcept {
    data += count;
    length -= count;
  }
};

class ByteBuffer {
 public:
  ByteBuffer() = default;
  ~ByteBuffer() { std::free(data_); }
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;

  [[nodiscard]] bool empty() const noexcept { return first_ == end_; }
  [[nodiscard]] ConstBytes bytes() const noexcept { return {data_ + first_, end_ - first_}; }

  // False: there is no memory for it, and nothing was appended.
  [[nodiscard]] bool Append(const void* bytes, std::size_t count) noexcept {
    if (count == 0) return true;
    if (!Reserve(count)) return false;
    std::memcpy(data_ + end_, bytes, count);
    end_ += count;
    return true;
  }

  // Room for `count` bytes more behind the last.
  [[nodiscard]] bool Reserve(std::size_t count) noexcept {
    if (capacity_ - end_ >= count) return true;
    const std::size_t held = end_ - first_;
    std::size_t wanted = held + count;
    if (first_ > 0 && wanted <= capacity_) {
      std::memmove(data_, data_ + first_, held);
    } else {
      if (wanted < 2 * held) wanted = 2 * held;
      auto* grown = static_cast<std::uint8_t*>(std::malloc(wanted));
      if (grown == nullptr) return false;
      if (held > 0) std::memcpy(grown, data_ + first_, held);
      std::free(data_);
      data_ = grown;
      capacity_ = wanted;
    }
    first_ = 0;
    end_ = held;
    return true;
  }

  // Takes `count` bytes away in front. The memory goes with the last of them.
  void Drop(std::size_t count) noexcept {
    first_ += count;
    if (first_ == end_) Release();
  }

  // As Drop, and keeps the memory.
  void Skip(std::size_t count) noexcept {
    first_ += count;
    if (first_ == end_) Clear();
  }

  // Empties it and keeps the memory.
  void Clear() noexcept { first_ = end_ = 0; }

  void Release() noexcept {
    std::free(data_);
    data_ = nullptr;
    first_ = end_ = capacity_ = 0;
  }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t first_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace shrapnel
