// Arguments and results of one call from JavaScript. A wrong argument throws a TypeError with code
// ERR_INVALID_ARG_TYPE and the caller returns at once: `if (!call.Ok()) return call.Failed();`.
//
// Plain Node-API and not its C++ wrapper: these calls are the hot path, and every handle less is measurable.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "../loop.h"

namespace shrapnel {

struct Bytes {
  std::uint8_t* data = nullptr;
  std::size_t length = 0;
};

template <std::size_t Count>
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env_(env) {
    std::size_t count = Count;
    void* data = nullptr;
    is_ok_ = napi_get_cb_info(env, info, &count, arguments_, nullptr, &data) == napi_ok;
    loop_ = static_cast<Loop*>(data);
  }

  [[nodiscard]] bool Ok() const noexcept { return is_ok_; }
  [[nodiscard]] Loop& loop() const noexcept { return *loop_; }
  [[nodiscard]] napi_value operator[](std::size_t index) const noexcept { return arguments_[index]; }

  [[nodiscard]] std::int32_t Int(std::size_t index) {
    std::int32_t value = 0;
    Check(napi_get_value_int32(env_, arguments_[index], &value));
    return value;
  }

  [[nodiscard]] std::int64_t Long(std::size_t index) {
    std::int64_t value = 0;
    Check(napi_get_value_int64(env_, arguments_[index], &value));
    return value;
  }

  // Borrowed until the call returns.
  [[nodiscard]] Bytes Buffer(std::size_t index) {
    void* data = nullptr;
    std::size_t length = 0;
    Check(napi_get_buffer_info(env_, arguments_[index], &data, &length));
    return {static_cast<std::uint8_t*>(data), length};
  }

  // `offset` and `length` cut to what the buffer has, so that no caller can reach past it.
  [[nodiscard]] Bytes Slice(std::size_t buffer, std::size_t offset, std::size_t length) {
    const Bytes whole = Buffer(buffer);
    const std::int32_t from = Int(offset);
    const std::int32_t count = Int(length);
    if (from < 0 || count < 0 || static_cast<std::size_t>(from) > whole.length) {
      is_ok_ = false;
      return {};
    }
    const std::size_t left = whole.length - static_cast<std::size_t>(from);
    return {whole.data + from, left < static_cast<std::size_t>(count) ? left : static_cast<std::size_t>(count)};
  }

  [[nodiscard]] std::string Text(std::size_t index) {
    std::size_t length = 0;
    Check(napi_get_value_string_utf8(env_, arguments_[index], nullptr, 0, &length));
    std::string text(length, '\0');
    if (is_ok_) Check(napi_get_value_string_utf8(env_, arguments_[index], text.data(), length + 1, &length));
    return text;
  }

  [[nodiscard]] napi_value Failed() const {
    static_cast<void>(napi_throw_type_error(env_, "ERR_INVALID_ARG_TYPE", "a native call got a wrong argument"));
    return nullptr;
  }

  [[nodiscard]] napi_value Number(std::int64_t value) const {
    napi_value result = nullptr;
    const bool is_small = value >= INT32_MIN && value <= INT32_MAX;
    const napi_status status = is_small ? napi_create_int32(env_, static_cast<std::int32_t>(value), &result)
                                        : napi_create_int64(env_, value, &result);
    return status == napi_ok ? result : nullptr;
  }

 private:
  void Check(napi_status status) noexcept { is_ok_ = is_ok_ && status == napi_ok; }

  napi_env env_;
  napi_value arguments_[Count == 0 ? 1 : Count] = {};
  Loop* loop_ = nullptr;
  bool is_ok_ = false;
};

}  // namespace shrapnel
