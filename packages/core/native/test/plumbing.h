// Descriptors for tests: pairs, pipes, TCP connections over loopback, with every failure ending the test.
// Blocking nowhere; all are close-on-exec and owned.
#pragma once

#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "../retry.h"
#include "../unique_fd.h"
#include "check.h"

namespace plumbing {

using shrapnel::UniqueFd;

constexpr int kPatienceMs = 5'000;

// Two ends; what is written to one is read from the other. Of a pipe, `first` is read from.
struct Ends {
  UniqueFd first;
  UniqueFd second;
};

inline void Prepare(int fd) {
  REQUIRE(fd >= 0);
  const int flags = ::fcntl(fd, F_GETFL);
  REQUIRE(flags != -1 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
          ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
}

inline Ends MakePair() {
  int fds[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
  Ends ends{UniqueFd(fds[0]), UniqueFd(fds[1])};
  Prepare(fds[0]);
  Prepare(fds[1]);
  return ends;
}

inline Ends MakePipe() {
  int fds[2];
  REQUIRE(::pipe(fds) == 0);
  Ends ends{UniqueFd(fds[0]), UniqueFd(fds[1])};
  Prepare(fds[0]);
  Prepare(fds[1]);
  return ends;
}

inline UniqueFd MakeSocket(int type) {
  UniqueFd fd(::socket(AF_INET, type, 0));
  Prepare(fd.get());
  return fd;
}

// A socket bound to a loopback port of the kernel's choice.
inline UniqueFd MakeBound(int type) {
  UniqueFd fd = MakeSocket(type);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

inline UniqueFd MakeListener() {
  UniqueFd fd = MakeBound(SOCK_STREAM);
  REQUIRE(::listen(fd.get(), 16) == 0);
  return fd;
}

// 0, or the errno of connect(2): EINPROGRESS is usual for TCP.
inline int ConnectTo(int fd, int target) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  REQUIRE(::getsockname(target, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 ? 0 : errno;
}

inline bool AwaitBits(int fd, short bits) {
  pollfd waiting{fd, bits, 0};
  return shrapnel::RetryOnSignal([&] { return ::poll(&waiting, 1, kPatienceMs); }) == 1;
}

inline bool IsReadableNow(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLIN) != 0;
}

// An established connection: `first` connected, `second` accepted.
inline Ends MakeConnection() {
  const UniqueFd listener = MakeListener();
  UniqueFd client = MakeSocket(SOCK_STREAM);
  const int error = ConnectTo(client.get(), listener.get());
  REQUIRE(error == 0 || error == EINPROGRESS);
  REQUIRE(AwaitBits(listener.get(), POLLIN));
  UniqueFd server(::accept(listener.get(), nullptr, nullptr));
  Prepare(server.get());
  REQUIRE(AwaitBits(client.get(), POLLOUT));
  return Ends{std::move(client), std::move(server)};
}

inline void Write(int fd, const std::string& bytes) {
  REQUIRE(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

inline std::string Read(int fd, std::size_t limit = 65'536) {
  std::string bytes(limit, '\0');
  const ssize_t count = ::read(fd, bytes.data(), limit);
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

inline void Drain(int fd) {
  while (!Read(fd).empty()) continue;
}

// Writes until the kernel has no more room.
inline void Fill(int fd) {
  const std::string block(4'096, 'x');
  while (::write(fd, block.data(), block.size()) > 0) continue;
  REQUIRE(errno == EAGAIN);
}

// For mkstemp and mkdtemp.
inline std::string TemporaryTemplate() {
  return (std::filesystem::temp_directory_path() / "shrapnel-XXXXXX").string();
}

inline int CountOpenDescriptors() {
  int count = 0;
  for (int fd = 0; fd < 1'024; fd++) count += ::fcntl(fd, F_GETFD) != -1;
  return count;
}

}  // namespace plumbing
