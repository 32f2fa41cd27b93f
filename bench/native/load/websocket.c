// A client that costs as little as it can: its one frame is masked once and sent again and again, and of an answer it looks at the header.
// It is no WebSocket client for anything else: it checks that the server switched protocols and that answers are whole frames of the length sent.
#define _GNU_SOURCE
#include "websocket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "connections.h"
#include "histogram.h"

#define EVENTS_AT_ONCE 1024
#define HEADER_BYTES 8u
#define OPCODE_TEXT 1u
#define OPCODE_BINARY 2u

static const char HANDSHAKE[] =
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

struct run {
  const struct options *options;
  struct connection *connections;
  struct histogram latencies;
  uint64_t answers;  // with those of the warm-up
  uint64_t counted_from_ns;
  uint64_t ends_ns;
  uint32_t frame_bytes;
  uint32_t answer_bytes;
  uint8_t frame[HEADER_BYTES + LIMIT_PING_BYTES];
};

static void make_frame(struct run *run) {
  static const uint8_t MASK[4] = {0x37, 0xfa, 0x21, 0x3d};
  const uint32_t bytes = run->options->bytes;
  const uint8_t opcode = run->options->is_text ? OPCODE_TEXT : OPCODE_BINARY;
  uint32_t at = 0;
  run->frame[at++] = 0x80u | opcode;
  if (bytes < 126) {
    run->frame[at++] = 0x80u | (uint8_t)bytes;
    run->answer_bytes = 2 + bytes;
  } else {
    run->frame[at++] = 0x80u | 126u;
    run->frame[at++] = (uint8_t)(bytes >> 8);
    run->frame[at++] = (uint8_t)bytes;
    run->answer_bytes = 4 + bytes;
  }
  memcpy(run->frame + at, MASK, 4);
  at += 4;
  for (uint32_t i = 0; i < bytes; i++) run->frame[at + i] = (uint8_t)'p' ^ MASK[i & 3u];
  run->frame_bytes = at + bytes;
}

static void shake_hands(int fd) {
  char answer[2048];
  size_t have = 0;
  if (send_some(fd, HANDSHAKE, sizeof HANDSHAKE - 1) != (long)sizeof HANDSHAKE - 1) fail("a handshake did not fit");
  do {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, 10000) <= 0) fail("the server left a handshake unanswered for 10 s");
    const long got = receive_some(fd, answer + have, sizeof answer - 1 - have);
    if (got == 0) fail("the server closed a new connection");
    if (got > 0) have += (size_t)got;
    answer[have] = '\0';
  } while (strstr(answer, "\r\n\r\n") == NULL && have < sizeof answer - 1);
  if (strncmp(answer, "HTTP/1.1 101 ", 13) != 0) fail("no WebSocket: %.60s", answer);
}

static void send_message(struct run *run, struct connection *connection, uint64_t now) {
  // Everything before it was echoed, so the socket's buffer is empty and takes the whole frame.
  if (send_some(connection->fd, run->frame, run->frame_bytes) != (long)run->frame_bytes)
    fail("a message did not fit the socket's buffer");
  connection->received = 0;
  connection->started_ns = now;
}

static void take_answer(struct run *run, struct connection *connection, uint64_t now) {
  static uint8_t answer[4 + LIMIT_PING_BYTES];
  const long got = receive_some(connection->fd, answer, run->answer_bytes - connection->received);
  if (got < 0) return;
  if (got == 0) fail("the server closed a connection");
  if (connection->received == 0 && answer[0] != run->frame[0]) fail("an answer that is no such frame");
  connection->received += (uint32_t)got;
  if (connection->received < run->answer_bytes) return;
  run->answers++;
  if (now >= run->counted_from_ns) histogram_add(&run->latencies, now - connection->started_ns);
  send_message(run, connection, now);
}

void run_websocket(const struct options *options) {
  static struct run run;
  const int poll_set = new_poll_set();
  run.options = options;
  make_frame(&run);
  run.connections = calloc(options->connections, sizeof *run.connections);
  if (run.connections == NULL) fail("no memory for %u connections", options->connections);
  for (uint32_t i = 0; i < options->connections; i++) {
    run.connections[i].fd = open_connection(options->port, i);
    shake_hands(run.connections[i].fd);
    poll_add(poll_set, run.connections[i].fd, EPOLLIN | EPOLLRDHUP | EPOLLET, i);
  }

  uint64_t now = now_ns();
  run.counted_from_ns = now + (uint64_t)options->warm_ms * 1000000u;
  run.ends_ns = run.counted_from_ns + (uint64_t)options->time_ms * 1000000u;
  for (uint32_t i = 0; i < options->connections; i++) send_message(&run, &run.connections[i], now_ns());

  static struct epoll_event events[EVENTS_AT_ONCE];
  while ((now = now_ns()) < run.ends_ns) {
    const int count = epoll_wait(poll_set, events, EVENTS_AT_ONCE, 100);
    if (count < 0 && errno != EINTR) fail_errno("epoll_wait");
    for (int i = 0; i < count; i++) {
      const uint64_t token = events[i].data.u64;
      if (token == TOKEN_STDIN) {
        (void)drain_stdin();
      } else {
        take_answer(&run, &run.connections[token], now_ns());
      }
    }
  }
  const double seconds = (double)(now - run.counted_from_ns) / 1e9;
  printf("{\"answers\":%llu,\"perSecond\":%.1f,\"p50Us\":%.1f,\"p99Us\":%.1f}\n", (unsigned long long)run.answers,
         (double)run.latencies.total / seconds, histogram_percentile_us(&run.latencies, 0.5),
         histogram_percentile_us(&run.latencies, 0.99));
  if (fflush(stdout) != 0) fail_errno("stdout");
}
