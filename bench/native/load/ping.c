// Two ways to ping. As fast as it goes: a connection pings again as soon as it is answered, which measures throughput.
// Paced: each connection has a due time every pace_ms, spread evenly over all of them; a latency counts from the due
// time, so a server that stalls pays for every ping it delayed and not only for the one it held (no coordinated omission).
#define _GNU_SOURCE
#include "ping.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "connections.h"
#include "histogram.h"
#include "hog.h"

#define EVENTS_AT_ONCE 1024

struct run {
  const struct options *options;
  struct connection *connections;
  struct histogram latencies;
  uint64_t answers;  // with those of the warm-up
  uint64_t counted_from_ns;
  uint64_t ends_ns;
  uint64_t next_due_ns;
  uint32_t next_due;  // the connection that is due then
  char ping[LIMIT_PING_BYTES];
};

static void send_ping(struct run *run, struct connection *connection, uint64_t started_ns) {
  // Everything before it was echoed, so the socket's buffer is empty and takes the whole ping.
  const uint32_t bytes = run->options->bytes;
  if (send_some(connection->fd, run->ping, bytes) != (long)bytes) fail("a ping did not fit the socket's buffer");
  connection->received = 0;
  connection->is_waiting = 1;
  connection->started_ns = started_ns;
}

static void take_answer(struct run *run, struct connection *connection, uint64_t now) {
  static char answer[LIMIT_PING_BYTES];
  const uint32_t bytes = run->options->bytes;
  const long got = receive_some(connection->fd, answer, bytes - connection->received);
  if (got < 0) return;
  if (got == 0) fail("the server closed a connection");
  connection->received += (uint32_t)got;
  if (connection->received < bytes) return;
  connection->is_waiting = 0;
  run->answers++;
  if (now >= run->counted_from_ns) histogram_add(&run->latencies, now - connection->started_ns);
  if (run->options->pace_ms == 0) send_ping(run, connection, now);
}

// Sends what is due and gives how long epoll may sleep, in milliseconds.
static int send_due(struct run *run, uint64_t now) {
  const uint64_t step_ns = (uint64_t)run->options->pace_ms * 1000000u / run->options->connections;
  while (run->next_due_ns <= now) {
    struct connection *connection = &run->connections[run->next_due];
    // Still unanswered after a whole round: that ping's latency keeps growing, which is the honest figure.
    if (!connection->is_waiting) send_ping(run, connection, run->next_due_ns);
    run->next_due = (run->next_due + 1u) % run->options->connections;
    run->next_due_ns += step_ns;
  }
  return run->next_due_ns - now > 1000000u ? 1 : 0;
}

static void report(const struct run *run, const struct hog *hog, uint64_t measured_ns) {
  const double seconds = (double)measured_ns / 1e9;
  printf("{\"answers\":%llu,\"perSecond\":%.1f,\"p50Us\":%.1f,\"p99Us\":%.1f,\"maxUs\":%.1f,\"hogBytes\":%llu}\n",
         (unsigned long long)run->answers, (double)run->latencies.total / seconds,
         histogram_percentile_us(&run->latencies, 0.5), histogram_percentile_us(&run->latencies, 0.99),
         (double)run->latencies.largest_ns / 1000.0, (unsigned long long)(hog ? hog->sent_bytes : 0));
  if (fflush(stdout) != 0) fail_errno("stdout");
}

void run_ping(const struct options *options, int with_hog) {
  static struct run run;
  struct hog hog;
  const int poll_set = new_poll_set();
  run.options = options;
  run.connections = open_confirmed(poll_set, options->port, 0, options->connections);
  memset(run.ping, 'p', sizeof run.ping);
  if (with_hog) hog_open(&hog, poll_set, options->port, options->hog_is_discarded);

  uint64_t now = now_ns();
  run.counted_from_ns = now + (uint64_t)options->warm_ms * 1000000u;
  run.ends_ns = run.counted_from_ns + (uint64_t)options->time_ms * 1000000u;
  run.next_due_ns = now;
  for (uint32_t i = 0; options->pace_ms == 0 && i < options->connections; i++) {
    send_ping(&run, &run.connections[i], now_ns());
  }

  static struct epoll_event events[EVENTS_AT_ONCE];
  while ((now = now_ns()) < run.ends_ns) {
    int sleep_ms = 100;
    if (options->pace_ms != 0) sleep_ms = send_due(&run, now);
    if (with_hog && hog_turn(&hog)) sleep_ms = 0;
    const int count = epoll_wait(poll_set, events, EVENTS_AT_ONCE, sleep_ms);
    if (count < 0 && errno != EINTR) fail_errno("epoll_wait");
    for (int i = 0; i < count; i++) {
      const uint64_t token = events[i].data.u64;
      if (token == TOKEN_STDIN) {
        (void)drain_stdin();
      } else if (token == TOKEN_HOG) {
        hog_notify(&hog, events[i].events);
      } else {
        take_answer(&run, &run.connections[token], now_ns());
      }
    }
  }
  report(&run, with_hog ? &hog : NULL, now - run.counted_from_ns);
}
