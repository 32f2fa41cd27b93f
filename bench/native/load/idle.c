#define _GNU_SOURCE
#include "idle.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "connections.h"

#define EVENTS_AT_ONCE 1024

static void ping_each(int poll_set, struct connection *connections, const struct options *options) {
  const uint64_t started = now_ns();
  const uint64_t gives_up = started + (uint64_t)options->time_ms * 1000000u;
  for (uint32_t i = 0; i < options->connections; i++) {
    connections[i].is_waiting = 1;
    if (send_some(connections[i].fd, "p", 1) != 1) fail("an idle connection takes no byte");
  }
  static struct epoll_event events[EVENTS_AT_ONCE];
  uint32_t answered = 0;
  while (answered < options->connections && now_ns() < gives_up) {
    const int count = epoll_wait(poll_set, events, EVENTS_AT_ONCE, 100);
    if (count < 0 && errno != EINTR) fail_errno("epoll_wait");
    for (int i = 0; i < count; i++) {
      if (events[i].data.u64 == TOKEN_STDIN) {
        (void)drain_stdin();
        continue;
      }
      struct connection *connection = &connections[events[i].data.u64];
      char byte;
      const long got = receive_some(connection->fd, &byte, 1);
      if (got == 1 && connection->is_waiting) {
        connection->is_waiting = 0;
        answered++;
      }
    }
  }
  printf("{\"answered\":%u,\"allInMs\":%.1f}\n", answered, (double)(now_ns() - started) / 1e6);
  if (fflush(stdout) != 0) fail_errno("stdout");
}

void run_idle(const struct options *options) {
  const int poll_set = new_poll_set();
  const uint64_t started = now_ns();
  struct connection *connections = open_confirmed(poll_set, options->port, options->first, options->connections);
  printf("{\"connected\":%u,\"inMs\":%.1f}\n", options->connections, (double)(now_ns() - started) / 1e6);
  if (fflush(stdout) != 0) fail_errno("stdout");
  for (;;) {
    struct epoll_event event;
    const int count = epoll_wait(poll_set, &event, 1, -1);
    if (count < 0 && errno != EINTR) fail_errno("epoll_wait");
    if (count != 1) continue;
    if (event.data.u64 == TOKEN_STDIN) {
      if (drain_stdin() > 0) ping_each(poll_set, connections, options);
    } else if (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
      fail("the server closed an idle connection");
    }
  }
}
