// One connection of the C epoll server: what it does when its descriptor can be read or written.
// Promises that one call does a bounded amount of work and says whether more could be done at once.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BLOCK_BYTES 65536u

enum mode { MODE_ECHO, MODE_SINK, MODE_SOURCE, MODE_DUPLEX, MODE_DISCARD };

struct connection {
  int fd;
  uint8_t may_read;      // nothing has said "not now" since the last edge
  uint8_t may_write;
  uint8_t is_discarded;  // MODE_DISCARD: its first byte was 'D'
  uint8_t has_begun;
  uint8_t is_queued;     // in the list of those that could go on at once
  char *unsent;          // echoed bytes that did not fit the socket's buffer; NULL almost always
  size_t unsent_length;
  struct connection *next;
};

enum outcome { OUTCOME_WAIT, OUTCOME_GO_ON, OUTCOME_CLOSE };

// Does what `mode` asks for until the descriptor says "not now" or the turn is over.
enum outcome connection_turn(struct connection *connection, enum mode mode);
