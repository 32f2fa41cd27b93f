// The C server for TLS: epoll and OpenSSL, nothing else. `echo` sends back, `sink` reads and drops, `source` sends as fast as it can.
// It says its port and ends when standard input closes.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../load/support.h"
#include "../tls/tls.h"

#define BLOCK_BYTES 65536
#define OPERATIONS_PER_TURN 16

struct client {
  int fd;
  SSL *ssl;
  int is_shaken;
};

static char block[BLOCK_BYTES];
static const char *mode;
static int poll_set;

static void drop(struct client *client) {
  SSL_free(client->ssl);
  (void)close(client->fd);
  free(client);
}

static int listen_anywhere(uint16_t *port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 4096) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
    fail_errno("listen");
  }
  *port = ntohs(address.sin_port);
  return fd;
}

static void accept_all(SSL_CTX *context, int listener) {
  for (;;) {
    const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) fail("no memory");
    client->fd = fd;
    client->ssl = tls_open(context, fd, 1);
    const uint32_t wanted = EPOLLIN | (strcmp(mode, "source") == 0 ? EPOLLOUT : 0u);
    poll_add(poll_set, fd, wanted, (uint64_t)(uintptr_t)client);
  }
}

static void serve(struct client *client) {
  if (!client->is_shaken) {
    const int done = tls_handshake_some(client->ssl);
    if (done < 0) {
      drop(client);
      return;
    }
    client->is_shaken = done;
    if (!done) return;
  }
  const int is_source = strcmp(mode, "source") == 0, is_echo = strcmp(mode, "echo") == 0;
  for (int turn = 0; !is_source || turn < OPERATIONS_PER_TURN; turn++) {
    const long count =
        is_source ? tls_send_some(client->ssl, block, sizeof block) : tls_receive_some(client->ssl, block, sizeof block);
    if (count < 0) return;
    if (count == 0) {
      drop(client);
      return;
    }
    // An echo is as small as a ping: it fits.
    if (is_echo) (void)tls_send_some(client->ssl, block, (size_t)count);
  }
}

int main(int count, char **arguments) {
  if (count != 4) fail("usage: server-tls echo|sink|source <certificate> <key>");
  mode = arguments[1];
  SSL_CTX *context = tls_server_context(arguments[2], arguments[3]);
  uint16_t port = 0;
  const int listener = listen_anywhere(&port);
  poll_set = new_poll_set();
  poll_add(poll_set, listener, EPOLLIN, 0);
  printf("{\"port\":%u}\n", port);
  if (fflush(stdout) != 0) fail_errno("stdout");
  struct epoll_event events[256];
  for (;;) {
    const int ready = epoll_wait(poll_set, events, 256, -1);
    if (ready < 0 && errno != EINTR) fail_errno("epoll_wait");
    for (int i = 0; i < ready; i++) {
      if (events[i].data.u64 == TOKEN_STDIN) (void)drain_stdin();
      else if (events[i].data.u64 == 0) accept_all(context, listener);
      else serve((struct client *)(uintptr_t)events[i].data.u64);
    }
  }
}
