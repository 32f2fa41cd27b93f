// The load generator for TLS: ping, stream and idle as `load` does them, and handshakes one after another. One thread, loopback only.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../load/connections.h"
#include "../load/support.h"
#include "../tls/tls.h"

#define EVENTS_AT_ONCE 256
#define HANDSHAKES_AT_ONCE 8

static const char USAGE[] =
    "usage: load-tls ping|stream|idle|handshake --port N [--connections N] [--bytes N] [--time-ms N] [--warm-ms N]\n"
    "                [--direction up|down] [--resumed 0|1]\n"
    "Prints JSON. Ends when stdin closes.\n";

struct peer {
  int fd;
  SSL *ssl;
  uint32_t received;
};

static uint16_t port;
static uint32_t connections = 1, bytes = 64, time_ms = 1000, warm_ms, is_resumed;
static int is_up = 1;
static SSL_CTX *context;
static SSL_SESSION *session;

static int keep_session(SSL *ssl, SSL_SESSION *given) {
  (void)ssl;
  if (session != NULL) return 0;
  session = given;
  return 1;
}

static void set_blocking(int fd, int is_blocking) {
  int flag = !is_blocking;
  if (ioctl(fd, FIONBIO, &flag) != 0) fail_errno("ioctl");
}

// Connected and shaken hands with; not blocking.
static struct peer open_peer(uint32_t number) {
  struct peer peer = {.fd = open_connection(port, number)};
  peer.ssl = tls_open(context, peer.fd, 0);
  set_blocking(peer.fd, 1);
  if (tls_handshake_some(peer.ssl) != 1) fail("the server closed a connection");
  set_blocking(peer.fd, 0);
  return peer;
}

// Sends a byte and waits until it comes back.
static void confirm(struct peer *peer) {
  char byte = 'p';
  set_blocking(peer->fd, 1);
  if (tls_send_some(peer->ssl, &byte, 1) != 1 || tls_receive_some(peer->ssl, &byte, 1) != 1) fail("a byte was not echoed");
  set_blocking(peer->fd, 0);
}

static struct peer *open_peers(int poll_set) {
  struct peer *peers = calloc(connections, sizeof *peers);
  if (peers == NULL) fail("no memory");
  for (uint32_t i = 0; i < connections; i++) {
    peers[i] = open_peer(i);
    confirm(&peers[i]);
    poll_add(poll_set, peers[i].fd, EPOLLIN | EPOLLRDHUP, i);
  }
  return peers;
}

static void print_and_flush(const char *name, double value, uint64_t count) {
  printf("{\"count\":%llu,\"%s\":%.1f}\n", (unsigned long long)count, name, value);
  if (fflush(stdout) != 0) fail_errno("stdout");
}

static void run_ping(void) {
  static char block[LIMIT_PING_BYTES];
  const int poll_set = new_poll_set();
  struct peer *peers = open_peers(poll_set);
  struct epoll_event events[EVENTS_AT_ONCE];
  for (uint32_t i = 0; i < connections; i++) {
    if (tls_send_some(peers[i].ssl, block, bytes) != (long)bytes) fail("a ping did not fit");
  }
  // For whoever counts the processor time of the server: it begins when this line is read.
  print_and_flush("connected", connections, connections);
  uint64_t answers = 0, now = now_ns();
  const uint64_t counted_from = now + (uint64_t)warm_ms * 1000000u, ends = counted_from + (uint64_t)time_ms * 1000000u;
  uint64_t all = 0;
  while ((now = now_ns()) < ends) {
    const int count = epoll_wait(poll_set, events, EVENTS_AT_ONCE, 100);
    if (count < 0 && errno != EINTR) fail_errno("epoll_wait");
    for (int i = 0; i < count; i++) {
      if (events[i].data.u64 == TOKEN_STDIN) {
        (void)drain_stdin();
        continue;
      }
      struct peer *peer = &peers[events[i].data.u64];
      const long got = tls_receive_some(peer->ssl, block, bytes - peer->received);
      if (got == 0) fail("the server closed a connection");
      if (got < 0) continue;
      peer->received += (uint32_t)got;
      if (peer->received < bytes) continue;
      peer->received = 0;
      all++;
      if (now >= counted_from) answers++;
      if (tls_send_some(peer->ssl, block, bytes) != (long)bytes) fail("a ping did not fit");
    }
  }
  print_and_flush("perSecond", (double)answers * 1e9 / (double)(now - counted_from), all);
}

static void run_stream(void) {
  char *block = calloc(1, bytes);
  if (block == NULL) fail("no memory");
  const int poll_set = new_poll_set();
  struct peer peer = open_peer(0);
  poll_add(poll_set, peer.fd, (is_up ? EPOLLOUT : EPOLLIN) | EPOLLRDHUP, 0);
  struct epoll_event events[2];
  print_and_flush("connected", 1, 1);
  uint64_t now = now_ns(), all = 0, counted = 0;
  const uint64_t counted_from = now + (uint64_t)warm_ms * 1000000u, ends = counted_from + (uint64_t)time_ms * 1000000u;
  while ((now = now_ns()) < ends) {
    long moved = 1;
    for (int turn = 0; turn < 64; turn++) {
      moved = is_up ? tls_send_some(peer.ssl, block, bytes) : tls_receive_some(peer.ssl, block, bytes);
      if (moved == 0) fail("the server closed the connection");
      if (moved < 0) break;
      all += (uint64_t)moved;
      if (now >= counted_from) counted += (uint64_t)moved;
    }
    const int count = epoll_wait(poll_set, events, 2, moved > 0 ? 0 : 100);
    if (count < 0 && errno != EINTR) fail_errno("epoll_wait");
    for (int i = 0; i < count; i++) {
      if (events[i].data.u64 == TOKEN_STDIN) (void)drain_stdin();
    }
  }
  print_and_flush("megabytesPerSecond", (double)counted * 1e3 / (double)(now - counted_from), all);
}

static void run_idle(void) {
  const int poll_set = new_poll_set();
  (void)open_peers(poll_set);
  print_and_flush("connected", connections, connections);
  for (;;) {
    struct epoll_event event;
    if (epoll_wait(poll_set, &event, 1, -1) != 1) continue;
    if (event.data.u64 == TOKEN_STDIN) {
      (void)drain_stdin();
    } else if (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
      fail("the server closed an idle connection");
    }
  }
}

static void start_handshake(int poll_set, struct peer *peer, uint32_t index) {
  peer->fd = open_connection(port, 0);
  peer->ssl = tls_open(context, peer->fd, 0);
  peer->received = 0;
  if (is_resumed && SSL_set_session(peer->ssl, session) != 1) fail("the session cannot be resumed");
  poll_add(poll_set, peer->fd, EPOLLIN, index);
  if (tls_handshake_some(peer->ssl) < 0) fail("the server closed a connection");
}

// Each connection shakes hands, has one byte echoed (so the server is done with it too), says that it ends, and waits for the server
// to close: then it is the server's end that stays in TIME_WAIT, and no port of ours is used up.
static void run_handshake(void) {
  const int poll_set = new_poll_set();
  SSL_CTX_sess_set_new_cb(context, keep_session);
  if (is_resumed) {
    struct peer first = open_peer(0);
    confirm(&first);
    if (session == NULL) fail("the server gave no session");
    (void)SSL_shutdown(first.ssl);  // Or OpenSSL takes the session for one that failed.
    SSL_free(first.ssl);
    (void)close(first.fd);
    // With the cache on, OpenSSL uses a ticket of TLS 1.3 once and never again.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  }
  struct peer peers[HANDSHAKES_AT_ONCE];
  for (uint32_t i = 0; i < HANDSHAKES_AT_ONCE; i++) start_handshake(poll_set, &peers[i], i);
  print_and_flush("connected", 1, 1);
  uint64_t now = now_ns(), all = 0, counted = 0;
  const uint64_t counted_from = now + (uint64_t)warm_ms * 1000000u, ends = counted_from + (uint64_t)time_ms * 1000000u;
  struct epoll_event events[EVENTS_AT_ONCE];
  while ((now = now_ns()) < ends) {
    const int count = epoll_wait(poll_set, events, EVENTS_AT_ONCE, 100);
    if (count < 0 && errno != EINTR) fail_errno("epoll_wait");
    for (int i = 0; i < count; i++) {
      if (events[i].data.u64 == TOKEN_STDIN) {
        (void)drain_stdin();
        continue;
      }
      const uint32_t index = (uint32_t)events[i].data.u64;
      struct peer *peer = &peers[index];
      char byte = 'p';
      if (peer->received == 0) {
        const int done = tls_handshake_some(peer->ssl);
        if (done < 0) fail("the server closed a connection");
        if (done == 0) continue;
        if (SSL_session_reused(peer->ssl) != (int)is_resumed) fail("the server did not do as it was asked");
        peer->received = 1;
        if (tls_send_some(peer->ssl, &byte, 1) != 1) fail("a byte was not taken");
        continue;
      }
      const long got = tls_receive_some(peer->ssl, &byte, 1);
      if (got < 0) continue;
      if (got > 0) {
        (void)SSL_shutdown(peer->ssl);
        continue;
      }
      all++;
      if (now >= counted_from) counted++;
      SSL_free(peer->ssl);
      (void)close(peer->fd);
      start_handshake(poll_set, peer, index);
    }
  }
  print_and_flush("perSecond", (double)counted * 1e9 / (double)(now - counted_from), all);
}

static uint32_t number(const char *name, const char *text, uint32_t least, uint32_t most) {
  char *end = NULL;
  errno = 0;
  const unsigned long long value = strtoull(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || value < least || value > most) {
    fail("%s must be a number from %u to %u, not '%s'", name, least, most, text);
  }
  return (uint32_t)value;
}

int main(int count, char **arguments) {
  if (count < 2 || count % 2 != 0) fail("a mode, and options with values\n%s", USAGE);
  for (int i = 2; i < count; i += 2) {
    const char *name = arguments[i], *value = arguments[i + 1];
    if (strcmp(name, "--port") == 0) port = (uint16_t)number(name, value, 1, 65535);
    else if (strcmp(name, "--connections") == 0) connections = number(name, value, 1, LIMIT_CONNECTIONS);
    else if (strcmp(name, "--bytes") == 0) bytes = number(name, value, 1, LIMIT_BLOCK_BYTES);
    else if (strcmp(name, "--time-ms") == 0) time_ms = number(name, value, 1, LIMIT_MILLISECONDS);
    else if (strcmp(name, "--warm-ms") == 0) warm_ms = number(name, value, 0, LIMIT_MILLISECONDS);
    else if (strcmp(name, "--resumed") == 0) is_resumed = number(name, value, 0, 1);
    else if (strcmp(name, "--direction") == 0) is_up = strcmp(value, "down") != 0;
    else fail("unknown option '%s'\n%s", name, USAGE);
  }
  if (port == 0) fail("--port is missing\n%s", USAGE);
  context = tls_client_context();
  start_watchdog((warm_ms + time_ms) / 1000u + 120u);
  const char *mode = arguments[1];
  if (strcmp(mode, "ping") == 0) {
    if (bytes > LIMIT_PING_BYTES) fail("--bytes of a ping must be at most %u", LIMIT_PING_BYTES);
    run_ping();
  } else if (strcmp(mode, "stream") == 0) run_stream();
  else if (strcmp(mode, "idle") == 0) run_idle();
  else if (strcmp(mode, "handshake") == 0) run_handshake();
  else fail("unknown mode '%s'\n%s", mode, USAGE);
  return 0;
}
