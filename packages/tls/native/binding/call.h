// Arguments and results of one call from JavaScript. A wrong argument throws a TypeError with code ERR_INVALID_ARG_TYPE and the
// caller returns at once: `if (!call.Ok()) return call.Failed();`.
//
// Contexts, engines, sessions and stores are externals: the collector frees what was forgotten. Each begins with what it is, so that
// one passed for another is refused.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "../bytes.h"
#include "../environment.h"

namespace shrapnel {

enum class Kind : std::uint32_t { kContext = 0x53430001, kEngine, kSession, kRoots, kTicketKeys };

template <Kind kKind, typename T>
struct Held {
  Kind kind = kKind;
  T value;  // null once it was freed
  explicit Held(T held) : value(std::move(held)) {}
};

template <std::size_t Count>
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env_(env) {
    std::size_t count = Count;
    void* data = nullptr;
    is_ok_ = napi_get_cb_info(env, info, &count, arguments_, nullptr, &data) == napi_ok;
    environment_ = static_cast<Environment*>(data);
  }

  [[nodiscard]] bool Ok() const noexcept { return is_ok_; }
  [[nodiscard]] napi_env env() const noexcept { return env_; }
  [[nodiscard]] Environment& environment() const noexcept { return *environment_; }
  [[nodiscard]] napi_value operator[](std::size_t index) const noexcept { return arguments_[index]; }

  [[nodiscard]] std::int32_t Int(std::size_t index) {
    std::int32_t value = 0;
    Check(napi_get_value_int32(env_, arguments_[index], &value));
    return value;
  }

  [[nodiscard]] bool Flag(std::size_t index) {
    bool value = false;
    Check(napi_get_value_bool(env_, arguments_[index], &value));
    return value;
  }

  // Borrowed until the call returns.
  [[nodiscard]] Bytes Buffer(std::size_t index) {
    void* data = nullptr;
    std::size_t length = 0;
    Check(napi_get_buffer_info(env_, arguments_[index], &data, &length));
    return {static_cast<std::uint8_t*>(data), length};
  }

  [[nodiscard]] ConstBytes Text(std::size_t index) {
    const Bytes bytes = Buffer(index);
    return {bytes.data, bytes.length};
  }

  // `offset` and `length` cut to what the buffer has, so that no caller can reach past it.
  [[nodiscard]] Bytes Slice(std::size_t buffer, std::size_t offset, std::size_t length) {
    const Bytes whole = Buffer(buffer);
    const std::int32_t from = Int(offset);
    const std::int32_t count = Int(length);
    if (!is_ok_ || from < 0 || count < 0 || static_cast<std::size_t>(from) > whole.length) {
      is_ok_ = false;
      return {};
    }
    const std::size_t left = whole.length - static_cast<std::size_t>(from);
    return {whole.data + from, left < static_cast<std::size_t>(count) ? left : static_cast<std::size_t>(count)};
  }

  [[nodiscard]] std::string String(std::size_t index) {
    std::size_t length = 0;
    Check(napi_get_value_string_utf8(env_, arguments_[index], nullptr, 0, &length));
    std::string text(length, '\0');
    if (is_ok_) Check(napi_get_value_string_utf8(env_, arguments_[index], text.data(), length + 1, &length));
    return text;
  }

  // What an external holds; null, and not Ok, for another kind of external and for one that was freed.
  template <typename Holder>
  [[nodiscard]] auto Get(std::size_t index) -> decltype(Holder::value.get()) {
    Holder* holder = External<Holder>(index);
    if (holder == nullptr || holder->value == nullptr) {
      is_ok_ = false;
      return nullptr;
    }
    return holder->value.get();
  }

  template <typename Holder>
  [[nodiscard]] Holder* External(std::size_t index) {
    void* pointer = nullptr;
    Check(napi_get_value_external(env_, arguments_[index], &pointer));
    auto* holder = static_cast<Holder*>(pointer);
    if (is_ok_ && holder->kind != Holder{nullptr}.kind) is_ok_ = false;
    return is_ok_ ? holder : nullptr;
  }

  template <typename Holder, typename T>
  [[nodiscard]] napi_value Hold(T value) const {
    auto holder = std::make_unique<Holder>(std::move(value));
    napi_value result = nullptr;
    const auto free = [](napi_env, void* data, void*) { delete static_cast<Holder*>(data); };
    if (napi_create_external(env_, holder.get(), free, nullptr, &result) != napi_ok) return nullptr;
    static_cast<void>(holder.release());  // The external's now.
    return result;
  }

  [[nodiscard]] napi_value Failed() const {
    static_cast<void>(napi_throw_type_error(env_, "ERR_INVALID_ARG_TYPE", "a native call got a wrong argument"));
    return nullptr;
  }

  [[nodiscard]] napi_value Number(std::int64_t value) const {
    napi_value result = nullptr;
    return napi_create_int32(env_, static_cast<std::int32_t>(value), &result) == napi_ok ? result : nullptr;
  }

  [[nodiscard]] napi_value Copy(ConstBytes bytes) const {
    napi_value result = nullptr;
    return napi_create_buffer_copy(env_, bytes.length, bytes.data, nullptr, &result) == napi_ok ? result : nullptr;
  }

  [[nodiscard]] napi_value Copy(const std::string& text) const {
    napi_value result = nullptr;
    return napi_create_string_utf8(env_, text.data(), text.size(), &result) == napi_ok ? result : nullptr;
  }

 private:
  void Check(napi_status status) noexcept { is_ok_ = is_ok_ && status == napi_ok; }

  napi_env env_;
  napi_value arguments_[Count == 0 ? 1 : Count] = {};
  Environment* environment_ = nullptr;
  bool is_ok_ = false;
};

}  // namespace shrapnel
