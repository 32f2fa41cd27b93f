// Socket addresses: text and port on one side, the kernel's bytes on the other. Resolves no names.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace shrapnel {

struct Address {
  sockaddr_storage bytes{};
  socklen_t length = 0;
};

struct NamedAddress {
  int family = 0;         // AF_INET, AF_INET6, AF_UNIX, or 0 for an unnamed peer
  std::string host;       // with %zone when a scope id is set; a path for UNIX, abstract names with a leading NUL
  std::uint16_t port = 0;
};

// 0 or -errno: EINVAL for text that is no address, ENODEV for an unknown zone, ENAMETOOLONG for a UNIX path.
[[nodiscard]] int EncodeInternet(const std::string& host, std::uint16_t port, Address& out) noexcept;
[[nodiscard]] int EncodeUnix(const std::string& path, Address& out) noexcept;
[[nodiscard]] NamedAddress Decode(const sockaddr_storage& bytes, socklen_t length);

}  // namespace shrapnel
