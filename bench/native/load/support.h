// What every mode of the load generator shares: time, failing, the end of standard input, and small socket calls.
// Knows nothing of a mode. Promises that the process ends: when stdin closes, or when the watchdog fires.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LIMIT_CONNECTIONS 100000u
#define LIMIT_REQUESTS 10000u
#define LIMIT_MILLISECONDS 600000u
#define LIMIT_PING_BYTES 16384u
#define LIMIT_BLOCK_BYTES (1u << 20)

// Values of epoll_event.data.u64 that are not the index of a connection.
#define TOKEN_STDIN UINT64_MAX
#define TOKEN_HOG (UINT64_MAX - 1)

struct options {
  const char *mode;
  const char *direction;  // stream: up, down or both
  uint16_t port;
  uint32_t connections;
  uint32_t first;       // number of the first one, where other generators hold those before it
  uint32_t requests;    // of a fetch, on each connection
  uint32_t bytes;
  uint32_t time_ms;
  uint32_t warm_ms;
  uint32_t pace_ms;     // 0: each connection pings again as soon as it is answered
  int is_text;          // websocket: messages of text in place of binary ones
  int hog_is_discarded;  // the hog's first byte asks the server to discard instead of echoing
};

uint64_t now_ns(void);

// Prints the reason to stderr and ends the process with code 1.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The same, with the text of errno.
_Noreturn void fail_errno(const char *what);

// An epoll set that already holds standard input (where the kernel can watch it).
int new_poll_set(void);
void poll_add(int poll_set, int fd, uint32_t events, uint64_t token);

// Reads what is on stdin. Ends the process at end of file. Gives the number of bytes read.
size_t drain_stdin(void);

// Ends the process after `seconds` whatever happens, so that no run is left behind.
void start_watchdog(unsigned seconds);

// send(2) and recv(2) that repeat after a signal and fail the program on anything but "not now".
// Both give -1 for "not now"; receive_some gives 0 at the end of the stream.
long send_some(int fd, const void *data, size_t length);
long receive_some(int fd, void *into, size_t length);
