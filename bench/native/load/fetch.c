// One request at a time on each connection. As a reader does, it copies the bytes out of the kernel (recv with MSG_TRUNC
// would drop them there for nothing, and make a reader that no program is).
#define _GNU_SOURCE
#include "fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>

#include "connections.h"

#define BLOCK_BYTES (256u * 1024u)
#define BLOCKS_PER_TURN 4
#define LONGEST_HEAD_BYTES 4096u
#define PATIENCE_MS 10000

static const char REQUEST[] = "GET /file HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

struct fetch {
  int fd;
  uint32_t requests_left;
  uint64_t body_left;   // 0: a head is due
  uint32_t head_length;
  char head[LONGEST_HEAD_BYTES + 1];
};

struct totals {
  uint64_t body_bytes;
  uint32_t unfinished;  // connections with a request to go
};

static void ask(struct fetch *fetch) {
  if (send_some(fetch->fd, REQUEST, sizeof REQUEST - 1) != (long)sizeof REQUEST - 1) fail("a request did not fit");
  fetch->head_length = 0;
}

static uint64_t parse_head(const char *head) {
  if (strncmp(head, "HTTP/1.1 200 ", 13) != 0) fail("the server answered '%.40s'", head);
  const char *field = strcasestr(head, "\r\nContent-Length:");
  if (field == NULL) fail("the answer has no Content-Length");
  errno = 0;
  const unsigned long long length = strtoull(field + 17, NULL, 10);
  if (errno != 0 || length == 0) fail("the answer has no length, or none that is a number");
  return length;
}

// Takes what belongs to the head and gives how many bytes of `data` that was.
static size_t take_head(struct fetch *fetch, const char *data, size_t length) {
  const size_t before = fetch->head_length;
  const size_t room = LONGEST_HEAD_BYTES - before;
  const size_t copied = length < room ? length : room;
  memcpy(fetch->head + before, data, copied);
  fetch->head_length += (uint32_t)copied;
  fetch->head[fetch->head_length] = '\0';
  const char *end = strstr(fetch->head, "\r\n\r\n");
  if (end == NULL) {
    if (copied == room) fail("the head of an answer is longer than %u bytes", LONGEST_HEAD_BYTES);
    return length;
  }
  fetch->body_left = parse_head(fetch->head);
  return (size_t)(end + 4 - fetch->head) - before;
}

static void take(struct fetch *fetch, struct totals *totals, const char *data, size_t length) {
  size_t at = fetch->body_left == 0 ? take_head(fetch, data, length) : 0;
  if (at == length) return;
  if (length - at > fetch->body_left) fail("the server sent more than it promised");
  fetch->body_left -= length - at;
  totals->body_bytes += length - at;
  if (fetch->body_left > 0) return;
  if (--fetch->requests_left > 0) ask(fetch);
  else totals->unfinished--;
}

static void turn(struct fetch *fetch, struct totals *totals) {
  static char block[BLOCK_BYTES];
  for (int i = 0; i < BLOCKS_PER_TURN; i++) {
    const long got = receive_some(fetch->fd, block, sizeof block);
    if (got < 0) return;
    if (got == 0) fail("the server closed a connection");
    if (fetch->requests_left == 0) fail("the server sent more than was asked for");
    take(fetch, totals, block, (size_t)got);
    if (got < (long)sizeof block) return;
  }
}

void run_fetch(const struct options *options) {
  const uint32_t count = options->connections;
  const int poll_set = new_poll_set();
  struct fetch *fetches = calloc(count, sizeof *fetches);
  if (fetches == NULL) fail("no memory for %u connections", count);
  struct totals totals = {.unfinished = count};
  for (uint32_t i = 0; i < count; i++) {
    fetches[i].fd = open_connection(options->port, i);
    fetches[i].requests_left = options->requests;
    // Level-triggered: a turn that ends early is told again.
    poll_add(poll_set, fetches[i].fd, EPOLLIN | EPOLLRDHUP, i);
  }
  const uint64_t started = now_ns();
  for (uint32_t i = 0; i < count; i++) ask(&fetches[i]);

  static struct epoll_event events[256];
  while (totals.unfinished > 0) {
    const int ready = epoll_wait(poll_set, events, 256, PATIENCE_MS);
    if (ready < 0 && errno != EINTR) fail_errno("epoll_wait");
    if (ready == 0) fail("the server sent nothing for %d s", PATIENCE_MS / 1000);
    for (int i = 0; i < ready; i++) {
      if (events[i].data.u64 == TOKEN_STDIN) (void)drain_stdin();
      else turn(&fetches[events[i].data.u64], &totals);
    }
  }
  const double seconds = (double)(now_ns() - started) / 1e9;
  printf("{\"bodyBytes\":%llu,\"megabytesPerSecond\":%.1f}\n", (unsigned long long)totals.body_bytes,
         (double)totals.body_bytes / 1e6 / seconds);
  if (fflush(stdout) != 0) fail_errno("stdout");
}
