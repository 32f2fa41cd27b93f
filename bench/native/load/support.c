#define _GNU_SOURCE
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) fail_errno("clock_gettime");
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

_Noreturn void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

_Noreturn void fail_errno(const char *what) { fail("%s: %s", what, strerror(errno)); }

void poll_add(int poll_set, int fd, uint32_t events, uint64_t token) {
  struct epoll_event event = {.events = events, .data = {.u64 = token}};
  if (epoll_ctl(poll_set, EPOLL_CTL_ADD, fd, &event) != 0) fail_errno("epoll_ctl");
}

int new_poll_set(void) {
  const int poll_set = epoll_create1(EPOLL_CLOEXEC);
  if (poll_set < 0) fail_errno("epoll_create1");
  // A regular file or /dev/null cannot be watched (EPERM). Then only the watchdog bounds the run.
  struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data = {.u64 = TOKEN_STDIN}};
  if (epoll_ctl(poll_set, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0 && errno != EPERM) fail_errno("watching stdin");
  return poll_set;
}

size_t drain_stdin(void) {
  char text[256];
  const ssize_t count = read(STDIN_FILENO, text, sizeof text);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) exit(0);
  return count < 0 ? 0 : (size_t)count;
}

void start_watchdog(unsigned seconds) { (void)alarm(seconds); /* SIGALRM's default action ends the process */ }

long send_some(int fd, const void *data, size_t length) {
  for (;;) {
    const ssize_t count = send(fd, data, length, MSG_NOSIGNAL);
    if (count >= 0) return count;
    if (errno == EAGAIN) return -1;
    if (errno != EINTR) fail_errno("send");
  }
}

long receive_some(int fd, void *into, size_t length) {
  for (;;) {
    const ssize_t count = recv(fd, into, length, 0);
    if (count >= 0) return count;
    if (errno == EAGAIN) return -1;
    if (errno != EINTR) fail_errno("recv");
  }
}
