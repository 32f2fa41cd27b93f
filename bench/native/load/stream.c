// Bytes are counted at this end. Those still in the socket's buffers are counted as sent; because the buffers are as full
// at the end of the warm-up as at the end of the run, that cancels out.
#define _GNU_SOURCE
#include "stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "connections.h"

#define OPERATIONS_PER_TURN 16

struct flow {
  int is_wanted;
  int is_ready;
  uint64_t bytes;
};

static void turn_up(struct flow *up, int fd, const char *block, uint32_t size) {
  for (int i = 0; i < OPERATIONS_PER_TURN && up->is_wanted && up->is_ready; i++) {
    const long count = send_some(fd, block, size);
    if (count < (long)size) up->is_ready = 0;
    if (count > 0) up->bytes += (uint64_t)count;
  }
}

static void turn_down(struct flow *down, int fd, char *into, uint32_t size) {
  for (int i = 0; i < OPERATIONS_PER_TURN && down->is_wanted && down->is_ready; i++) {
    const long count = receive_some(fd, into, size);
    if (count == 0) fail("the server closed the connection");
    if (count < (long)size) down->is_ready = 0;
    if (count > 0) down->bytes += (uint64_t)count;
  }
}

void run_stream(const struct options *options) {
  const uint32_t size = options->bytes;
  char *out = malloc(size), *in = malloc(size);
  if (out == NULL || in == NULL) fail("no memory for the blocks");
  memset(out, 's', size);

  const int poll_set = new_poll_set();
  const int fd = open_connection(options->port, 0);
  poll_add(poll_set, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, 0);
  struct flow up = {.is_wanted = strcmp(options->direction, "down") != 0};
  struct flow down = {.is_wanted = strcmp(options->direction, "up") != 0};

  uint64_t now = now_ns();
  uint64_t counted_from_ns = now + (uint64_t)options->warm_ms * 1000000u;
  const uint64_t ends_ns = counted_from_ns + (uint64_t)options->time_ms * 1000000u;
  int is_warm = 0;
  struct epoll_event events[2];
  while ((now = now_ns()) < ends_ns) {
    if (!is_warm && now >= counted_from_ns) {
      is_warm = 1;
      counted_from_ns = now;
      up.bytes = down.bytes = 0;
    }
    turn_up(&up, fd, out, size);
    turn_down(&down, fd, in, size);
    const int can_go_on = (up.is_wanted && up.is_ready) || (down.is_wanted && down.is_ready);
    const int count = epoll_wait(poll_set, events, 2, can_go_on ? 0 : 100);
    if (count < 0 && errno != EINTR) fail_errno("epoll_wait");
    for (int i = 0; i < count; i++) {
      if (events[i].data.u64 == TOKEN_STDIN) {
        (void)drain_stdin();
        continue;
      }
      if (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) fail("the server closed the connection");
      if (events[i].events & EPOLLOUT) up.is_ready = 1;
      if (events[i].events & EPOLLIN) down.is_ready = 1;
    }
  }
  const double seconds = (double)(now - counted_from_ns) / 1e9;
  printf("{\"upBytes\":%llu,\"downBytes\":%llu,\"megabytesPerSecond\":%.1f}\n", (unsigned long long)up.bytes,
         (unsigned long long)down.bytes, (double)(up.bytes + down.bytes) / 1e6 / seconds);
  if (fflush(stdout) != 0) fail_errno("stdout");
}
