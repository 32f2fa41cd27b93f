// Text to the kernel's bytes and back, by inet_pton(3), inet_ntop(3) and if_nametoindex(3).
#include "address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace shrapnel {
namespace {

// The zone after '%' (RFC 4007 §11.2): an interface's name or its number. 0 if there is no such interface.
[[nodiscard]] std::uint32_t ScopeOf(const std::string& zone) noexcept {
  const unsigned index = ::if_nametoindex(zone.c_str());
  if (index != 0) return index;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), number);
  return error == std::errc() && end == zone.data() + zone.size() ? number : 0;
}

[[nodiscard]] std::string ZoneOf(std::uint32_t scope) {
  char name[IF_NAMESIZE];
  return ::if_indextoname(scope, name) != nullptr ? std::string(name) : std::to_string(scope);
}

}  // namespace

int EncodeInternet(const std::string& host, std::uint16_t port, Address& out) noexcept {
  // What follows sees C strings, which end at a NUL: "127.0.0.1\0.example" would pass for an address.
  if (host.find('\0') != std::string::npos) return -EINVAL;
  auto* four = reinterpret_cast<sockaddr_in*>(&out.bytes);
  if (::inet_pton(AF_INET, host.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    out.length = sizeof(sockaddr_in);
    return 0;
  }
  auto* six = reinterpret_cast<sockaddr_in6*>(&out.bytes);
  const std::size_t percent = host.find('%');
  if (::inet_pton(AF_INET6, host.substr(0, percent).c_str(), &six->sin6_addr) != 1) return -EINVAL;
  if (percent != std::string::npos) {
    six->sin6_scope_id = ScopeOf(host.substr(percent + 1));
    if (six->sin6_scope_id == 0) return -ENODEV;
  }
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(port);
  out.length = sizeof(sockaddr_in6);
  return 0;
}

int EncodeUnix(const std::string& path, Address& out) noexcept {
  auto* un = reinterpret_cast<sockaddr_un*>(&out.bytes);
  // A path needs room for its terminating NUL; an abstract name (leading NUL) is exactly as long as it says.
  const bool is_abstract = !path.empty() && path.front() == '\0';
  const std::size_t room = sizeof un->sun_path - (is_abstract ? 0 : 1);
  if (path.empty()) return -EINVAL;
  if (path.size() > room) return -ENAMETOOLONG;
  un->sun_family = AF_UNIX;
  std::memcpy(un->sun_path, path.data(), path.size());
  out.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1));
  return 0;
}

NamedAddress Decode(const sockaddr_storage& bytes, socklen_t length) {
  NamedAddress named;
  if (length < sizeof bytes.ss_family) return named;
  char text[INET6_ADDRSTRLEN] = "";
  if (bytes.ss_family == AF_INET) {
    const auto* four = reinterpret_cast<const sockaddr_in*>(&bytes);
    if (::inet_ntop(AF_INET, &four->sin_addr, text, sizeof text) == nullptr) return named;
    named = {AF_INET, text, ntohs(four->sin_port)};
  } else if (bytes.ss_family == AF_INET6) {
    const auto* six = reinterpret_cast<const sockaddr_in6*>(&bytes);
    if (::inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text) == nullptr) return named;
    named = {AF_INET6, text, ntohs(six->sin6_port)};
    if (six->sin6_scope_id != 0) named.host += "%" + ZoneOf(six->sin6_scope_id);
  } else if (bytes.ss_family == AF_UNIX) {
    const auto* un = reinterpret_cast<const sockaddr_un*>(&bytes);
    const std::size_t size = length - offsetof(sockaddr_un, sun_path);
    named.family = AF_UNIX;
    if (length > offsetof(sockaddr_un, sun_path)) {
      const bool is_abstract = un->sun_path[0] == '\0';
      named.host.assign(un->sun_path, is_abstract ? size : ::strnlen(un->sun_path, size));
    }
  }
  return named;
}

}  // namespace shrapnel
