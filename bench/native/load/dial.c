// Each connection sends one byte, is answered with the digit of the worker that has it, and is ended by the server. It is closed
// with a reset, so that neither side keeps it (TIME_WAIT) and source ports do not run out.
#define _GNU_SOURCE
#include "dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connections.h"
#include "histogram.h"

#define WORKERS 10
#define EVENTS_AT_ONCE 256

struct call {
  int fd;
  uint64_t started_ns;
  int worker;  // -1: not answered yet
};

struct dial {
  const struct options *options;
  int poll_set;
  struct call *calls;
  uint64_t counted_from_ns;
  uint64_t answers[WORKERS];
  struct histogram latencies;
};

static void begin(struct dial *dial, uint32_t place) {
  struct call *call = &dial->calls[place];
  call->started_ns = now_ns();
  call->worker = -1;
  call->fd = open_connection(dial->options->port, 0);
  const struct linger reset = {1, 0};
  if (setsockopt(call->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) != 0) fail_errno("setsockopt");
  poll_add(dial->poll_set, call->fd, EPOLLIN | EPOLLRDHUP | EPOLLET, place);
  if (send_some(call->fd, "d", 1) != 1) fail("a new connection takes no byte");
}

static void turn(struct dial *dial, uint32_t place) {
  struct call *call = &dial->calls[place];
  char answer[4];
  for (;;) {
    const long got = receive_some(call->fd, answer, sizeof answer);
    if (got < 0) return;
    if (got == 0) break;
    if (call->worker != -1 || got != 1 || answer[0] < '0' || answer[0] > '9') fail("the server gave a wrong answer");
    call->worker = answer[0] - '0';
  }
  if (call->worker == -1) fail("the server closed a connection without an answer");
  const uint64_t now = now_ns();
  if (close(call->fd) != 0) fail_errno("close");
  if (now >= dial->counted_from_ns) {
    dial->answers[call->worker]++;
    histogram_add(&dial->latencies, now - call->started_ns);
  }
  begin(dial, place);
}

void run_dial(const struct options *options) {
  static struct dial dial;
  dial.options = options;
  dial.poll_set = new_poll_set();
  dial.calls = calloc(options->connections, sizeof *dial.calls);
  if (dial.calls == NULL) fail("no memory for %u connections", options->connections);
  uint64_t now = now_ns();
  dial.counted_from_ns = now + (uint64_t)options->warm_ms * 1000000u;
  const uint64_t ends_ns = dial.counted_from_ns + (uint64_t)options->time_ms * 1000000u;
  for (uint32_t i = 0; i < options->connections; i++) begin(&dial, i);

  static struct epoll_event events[EVENTS_AT_ONCE];
  while ((now = now_ns()) < ends_ns) {
    const int ready = epoll_wait(dial.poll_set, events, EVENTS_AT_ONCE, 100);
    if (ready < 0 && errno != EINTR) fail_errno("epoll_wait");
    for (int i = 0; i < ready; i++) {
      if (events[i].data.u64 == TOKEN_STDIN) (void)drain_stdin();
      else turn(&dial, (uint32_t)events[i].data.u64);
    }
  }
  const double seconds = (double)(now - dial.counted_from_ns) / 1e9;
  printf("{\"perSecond\":%.1f,\"p50Us\":%.1f,\"p99Us\":%.1f,\"shares\":[", (double)dial.latencies.total / seconds,
         histogram_percentile_us(&dial.latencies, 0.5), histogram_percentile_us(&dial.latencies, 0.99));
  for (int i = 0; i < WORKERS; i++) printf("%s%llu", i == 0 ? "" : ",", (unsigned long long)dial.answers[i]);
  printf("]}\n");
  if (fflush(stdout) != 0) fail_errno("stdout");
}
