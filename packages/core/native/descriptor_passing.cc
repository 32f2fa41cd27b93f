// Facts, from unix(7), recvmsg(2) and cmsg(3):
//   - A stream carries ancillary data with the first byte of the message, and a read stops behind such a message.
//   - A message has up to 253 descriptors on Linux (SCM_MAX_FD). With too little room the rest is dropped and MSG_CTRUNC set,
//     and what did fit is open already: whoever does not look has a leak that a peer can fill.
//   - A receiver without free numbers gets the byte, MSG_CTRUNC, and no descriptor: it is gone. So a number is tried for first.
//     (Another thread may still be faster.)
//   - sendmsg looks at the descriptors before it takes a byte: EBADF and ETOOMANYREFS send nothing.
#include "descriptor_passing.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "retry.h"
#include "system.h"

namespace shrapnel {
namespace {

constexpr std::size_t kMostDescriptors = 253;
// Credentials and security labels, if whoever made the socket asked for them (SO_PASSCRED, SO_PASSSEC).
constexpr std::size_t kOtherBytes = 512;

#ifdef MSG_CMSG_CLOEXEC
constexpr int kCloseOnExec = MSG_CMSG_CLOEXEC;
#else
constexpr int kCloseOnExec = 0;
#endif

// 0 if there is a free number; otherwise why not.
[[nodiscard]] int FindRoom(int socket) noexcept {
  UniqueFd spare(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  return spare.valid() ? 0 : -errno;
}

// Takes all descriptors of a control message: keeps the first of a batch, closes the others.
void Collect(cmsghdr* header, ReceivedByte& out) noexcept {
  const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (std::size_t i = 0; i < count; i++) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
    UniqueFd received(fd);
    if (out.count++ == 0) out.fd = std::move(received);
  }
}

}  // namespace

int SendDescriptor(int socket, int passed) noexcept {
  std::uint8_t byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof passed)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof passed);
  std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
  const ssize_t sent = RetryOnSignal([&] { return ::sendmsg(socket, &message, NoSignalFlag()); });
  return sent >= 0 ? static_cast<int>(sent) : -errno;
}

int ReceiveDescriptor(int socket, ReceivedByte& out) noexcept {
  iovec part{&out.byte, 1};
  const int full = FindRoom(socket);
  if (full != 0) {
    const ssize_t seen = RetryOnSignal([&] { return ::recv(socket, &out.byte, 1, MSG_PEEK); });
    if (seen == 1) return full;
    return seen == 0 ? 0 : -errno;
  }
  alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int)) + kOtherBytes];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t got = RetryOnSignal([&] { return ::recvmsg(socket, &message, kCloseOnExec); });
  if (got < 0) return -errno;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) Collect(header, out);
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    if (out.count == 0) return -EMFILE;
    out.count++;  // There were more, and how many nobody knows.
  }
  if (out.count != 1) out.fd.Reset();
  if (kCloseOnExec == 0 && out.fd.valid() && ::fcntl(out.fd.get(), F_SETFD, FD_CLOEXEC) == -1) return -errno;
  return static_cast<int>(got);
}

}  // namespace shrapnel
