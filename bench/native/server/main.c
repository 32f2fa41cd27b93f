// The peer `c`: a single-threaded epoll server on 127.0.0.1. Prints {"port":N}, ends when stdin closes.
//
// One epoll set; each connection is registered once, edge-triggered, for both directions, so a round trip costs one recv,
// one send and its share of one epoll_wait. Connections that could go on at once wait in a list until the others that
// epoll reported have had their turn; while that list is not empty epoll does not sleep.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"

#define EVENTS_AT_ONCE 1024
#define LONGEST_RUN_SECONDS 3600

static struct connection listener = {.fd = -1}, standard_input = {.fd = STDIN_FILENO};
static struct connection *could_go_on, **could_go_on_end = &could_go_on;

static void fail(const char *what) {
  fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void watch(int poll_set, struct connection *connection, uint32_t events) {
  struct epoll_event event = {.events = events, .data = {.ptr = connection}};
  if (epoll_ctl(poll_set, EPOLL_CTL_ADD, connection->fd, &event) != 0) fail("epoll_ctl");
}

static void listen_on_loopback(void) {
  listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (listener.fd < 0 || bind(listener.fd, (struct sockaddr *)&address, length) != 0 ||
      listen(listener.fd, 4096) != 0 || getsockname(listener.fd, (struct sockaddr *)&address, &length) != 0) {
    fail("listening");
  }
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  if (fflush(stdout) != 0) fail("stdout");
}

static void accept_all(int poll_set) {
  for (;;) {
    const int fd = accept4(listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (fd < 0 && errno == EAGAIN) return;
    if (fd < 0) fail("accept4");
    const int on = 1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("TCP_NODELAY");
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) fail("memory");
    connection->fd = fd;
    watch(poll_set, connection, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  }
}

static void take_turn(struct connection *connection, enum mode mode) {
  const enum outcome outcome = connection_turn(connection, mode);
  if (outcome == OUTCOME_GO_ON) {
    connection->is_queued = 1;
    connection->next = NULL;
    *could_go_on_end = connection;
    could_go_on_end = &connection->next;
  } else if (outcome == OUTCOME_CLOSE) {
    if (close(connection->fd) != 0) fail("close");
    free(connection->unsent);
    free(connection);
  }
}

// The list as it is now; whoever queues itself again goes into the next one.
static void take_queued_turns(enum mode mode) {
  struct connection *connection = could_go_on;
  could_go_on = NULL;
  could_go_on_end = &could_go_on;
  while (connection != NULL) {
    struct connection *const next = connection->next;
    connection->is_queued = 0;
    take_turn(connection, mode);
    connection = next;
  }
}

static enum mode parse_mode(const char *text) {
  static const char *const names[] = {"echo", "sink", "source", "duplex", "discard"};
  for (int i = 0; i < 5; i++) {
    if (strcmp(text, names[i]) == 0) return (enum mode)i;
  }
  fprintf(stderr, "server: the mode must be echo, sink, source, duplex or discard, not '%s'\n", text);
  exit(1);
}

int main(int count, char **arguments) {
  const enum mode mode = parse_mode(count > 1 ? arguments[1] : "echo");
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("setrlimit");
  (void)alarm(LONGEST_RUN_SECONDS);  // SIGALRM's default action ends the process

  const int poll_set = epoll_create1(EPOLL_CLOEXEC);
  if (poll_set < 0) fail("epoll_create1");
  listen_on_loopback();
  watch(poll_set, &listener, EPOLLIN);
  watch(poll_set, &standard_input, EPOLLIN | EPOLLRDHUP);

  static struct epoll_event events[EVENTS_AT_ONCE];
  for (;;) {
    const int ready = epoll_wait(poll_set, events, EVENTS_AT_ONCE, could_go_on == NULL ? -1 : 0);
    if (ready < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      if (connection == &standard_input) {
        char ignored[256];
        if (read(STDIN_FILENO, ignored, sizeof ignored) <= 0) return 0;
      } else if (connection == &listener) {
        accept_all(poll_set);
      } else {
        if (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) connection->may_read = 1;
        if (events[i].events & EPOLLOUT) connection->may_write = 1;
        if (!connection->is_queued) take_turn(connection, mode);
      }
    }
    // Only those queued before this batch or by it; a connection reported above while queued has its turn here.
    if (could_go_on != NULL) take_queued_turns(mode);
  }
}
