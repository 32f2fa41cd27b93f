// A peer that does what Node cannot: urgent bytes, descriptors in a message, and reading without taking.
//   odd-peer urgent PORT     "abc", the urgent byte "!", "def"
//   odd-peer urgent-late PORT   the same, each after a line on standard input
//   odd-peer rights PATH     "a" together with a descriptor, then "b"
//   odd-peer rights-200 PATH the same with 200 descriptors; any number up to 253
//   odd-peer swallow FD      takes the wake-up of one connection to a listener that it shares, and no connection
//   odd-peer drain PORT      reads to the end as fast as the kernel can throw bytes away; prints how many
// Each says "done" when it has sent all, and ends when the other side does.
#include <arpa/inet.h>
#ifdef __linux__
#include <sys/epoll.h>
#endif
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int Connect(const sockaddr* address, socklen_t length) {
  const int fd = socket(address->sa_family, SOCK_STREAM, 0);
  if (fd == -1 || connect(fd, address, length) == -1) Fail("connect");
  return fd;
}

int ConnectTcp(const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<in_port_t>(std::atoi(port)));
  return Connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

int ConnectUnix(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  return Connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

void Send(int fd, const char* text, int flags = 0) {
  const std::size_t length = std::strlen(text);
  if (send(fd, text, length, flags) != static_cast<ssize_t>(length)) Fail("send");
}

// `passed` as many times as `count` says.
void SendWithDescriptors(int fd, const char* text, int passed, std::size_t count) {
  constexpr std::size_t kMost = 253;  // SCM_MAX_FD of the kernel
  if (count == 0 || count > kMost) Fail("count");
  iovec part{const_cast<char*>(text), std::strlen(text)};
  alignas(cmsghdr) char control[CMSG_SPACE(kMost * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(count * sizeof(int));
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  for (std::size_t i = 0; i < count; i++) std::memcpy(CMSG_DATA(header) + i * sizeof passed, &passed, sizeof passed);
  if (sendmsg(fd, &message, 0) == -1) Fail("sendmsg");
}

void AwaitLine() {
  for (int c = std::getchar(); c != '\n' && c != EOF;) c = std::getchar();
}

void Say(const char* text) {
  std::puts(text);
  std::fflush(stdout);
}

// Asleep on an exclusive registration it is the one that the kernel wakes.
void Swallow(int listener) {
#ifdef EPOLLEXCLUSIVE
  const int set = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN | static_cast<unsigned>(EPOLLEXCLUSIVE);
  if (set == -1 || epoll_ctl(set, EPOLL_CTL_ADD, listener, &event) == -1) Fail("epoll_ctl");
  Say("done");
  if (epoll_wait(set, &event, 1, -1) != 1) Fail("epoll_wait");
  Say("swallowed");
  AwaitLine();
#else
  static_cast<void>(listener);
  Fail("no EPOLLEXCLUSIVE");
#endif
}

// MSG_TRUNC makes TCP forget the bytes without copying them (tcp(7)).
long long Drain(int fd) {
  static char block[1 << 20];
  long long total = 0;
  for (;;) {
    const ssize_t got = recv(fd, block, sizeof block, MSG_TRUNC);
    if (got <= 0) return total;
    total += got;
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const std::string what = arguments[1];
  int fd = -1;
  if (what == "urgent" || what == "urgent-late") {
    const bool is_late = what == "urgent-late";
    fd = ConnectTcp(arguments[2]);
    Send(fd, "abc");
    if (is_late) AwaitLine();
    Send(fd, "!", MSG_OOB);
    if (is_late) AwaitLine();
    Send(fd, "def");
  } else if (what.rfind("rights", 0) == 0) {
    fd = ConnectUnix(arguments[2]);
    const int copies = what == "rights" ? 1 : std::atoi(what.c_str() + std::strlen("rights-"));
    SendWithDescriptors(fd, "a", STDIN_FILENO, static_cast<std::size_t>(copies));
    Send(fd, "b");
  } else if (what == "swallow") {
    Swallow(std::atoi(arguments[2]));
    return 0;
  } else if (what == "drain") {
    fd = ConnectTcp(arguments[2]);
    Say("done");
    std::printf("%lld\n", Drain(fd));
    return 0;
  } else {
    return 2;
  }
  Say("done");
  Drain(fd);
  return 0;
}
