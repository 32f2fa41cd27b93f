#define _GNU_SOURCE
#include "connections.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "support.h"

#define WINDOW 64u
// A source address has about 28,000 free ports, and the kernel tries every second one first: once those are taken, each
// connect(2) walks all of them before it finds another, which costs half a millisecond.
#define CONNECTIONS_PER_SOURCE 10000u

static void raise_descriptor_limit(uint32_t wanted) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) fail_errno("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail_errno("setrlimit");
  if (limit.rlim_max < wanted + 16u) {
    fail("%u connections need more descriptors than the hard limit of %llu", wanted, (unsigned long long)limit.rlim_max);
  }
}

static void set_on(int fd, int level, int option) {
  const int on = 1;
  if (setsockopt(fd, level, option, &on, sizeof on) != 0) fail_errno("setsockopt");
}

int open_connection(uint16_t port, uint32_t number) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_errno("socket");
  set_on(fd, IPPROTO_TCP, TCP_NODELAY);
  if (number >= CONNECTIONS_PER_SOURCE) {
    // The port is chosen at connect, per destination, and not at bind, where it would have to be free for all.
    set_on(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number / CONNECTIONS_PER_SOURCE);
    if (bind(fd, (struct sockaddr *)&source, sizeof source) != 0) fail_errno("bind");
  }
  struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons(port)};
  target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // Blocking until here: on loopback the handshake ends inside connect(2).
  if (connect(fd, (struct sockaddr *)&target, sizeof target) != 0) fail_errno("connect");
  int on = 1;
  if (ioctl(fd, FIONBIO, &on) != 0) fail_errno("ioctl");
  return fd;
}

// Waits until fewer than `most` connections still owe us their byte.
static void await_answers(int poll_set, struct connection *connections, uint32_t *owed, uint32_t most) {
  struct epoll_event events[256];
  while (*owed > most) {
    const int count = epoll_wait(poll_set, events, 256, 10000);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_errno("epoll_wait");
    if (count == 0) fail("the server left %u new connections unanswered for 10 s", *owed);
    for (int i = 0; i < count; i++) {
      if (events[i].data.u64 == TOKEN_STDIN) {
        (void)drain_stdin();
        continue;
      }
      struct connection *connection = &connections[events[i].data.u64];
      char byte;
      const long got = receive_some(connection->fd, &byte, 1);
      if (got == 0) fail("the server closed a new connection");
      if (got == 1) (*owed)--;
    }
  }
}

struct connection *open_confirmed(int poll_set, uint16_t port, uint32_t first, uint32_t count) {
  raise_descriptor_limit(count);
  struct connection *connections = calloc(count, sizeof *connections);
  if (connections == NULL) fail("no memory for %u connections", count);
  uint32_t owed = 0;
  for (uint32_t i = 0; i < count; i++) {
    connections[i].fd = open_connection(port, first + i);
    poll_add(poll_set, connections[i].fd, EPOLLIN | EPOLLRDHUP | EPOLLET, i);
    if (send_some(connections[i].fd, "p", 1) != 1) fail("a new connection takes no byte");
    owed++;
    if (owed >= WINDOW) await_answers(poll_set, connections, &owed, WINDOW / 2);
  }
  await_answers(poll_set, connections, &owed, 0);
  return connections;
}
