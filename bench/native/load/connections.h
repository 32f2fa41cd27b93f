// Opening many connections to 127.0.0.1. Never more than a few unanswered at once, so that no listen queue overflows
// (an overflow on loopback costs a second: the kernel drops the SYN and waits for its retransmission).
#pragma once

#include <stdint.h>

struct connection {
  int fd;
  uint32_t received;   // bytes of the current answer
  uint64_t started_ns;  // when the current ping was sent, or was due
  uint8_t is_waiting;
};

// One connected, non-blocking socket without Nagle's delay. `number` picks the source address.
int open_connection(uint16_t port, uint32_t number);

// `count` connections with the numbers from `first` on, each in `poll_set` (edge-triggered, for reading) under its index
// here, and each of which has had one byte echoed: the server has accepted it and has served it once.
struct connection *open_confirmed(int poll_set, uint16_t port, uint32_t first, uint32_t count);
