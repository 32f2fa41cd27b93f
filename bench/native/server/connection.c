// Edge-triggered and registered once, so every call that comes up short clears its flag and the next edge sets it again.
// A short read from a stream means that it was drained: a second call would only say EAGAIN.
#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

// So that one connection with much to say does not hold up the others.
#define OPERATIONS_PER_TURN 16

static char block[BLOCK_BYTES];

static long receive_some(struct connection *connection) {
  ssize_t count;
  do count = recv(connection->fd, block, sizeof block, 0);
  while (count < 0 && errno == EINTR);
  if (count < (ssize_t)sizeof block) connection->may_read = 0;
  if (count < 0 && errno == EAGAIN) return -1;
  return count < 0 ? 0 : count;  // a reset is an end like any other here
}

// Gives how many bytes went out, or -1 if the connection is broken.
static long send_some(struct connection *connection, const char *data, size_t length) {
  ssize_t count;
  do count = send(connection->fd, data, length, MSG_NOSIGNAL);
  while (count < 0 && errno == EINTR);
  if (count < (ssize_t)length) connection->may_write = 0;
  if (count < 0 && errno == EAGAIN) return 0;
  return count;
}

static int keep_unsent(struct connection *connection, const char *data, size_t length) {
  connection->unsent = malloc(length);
  if (connection->unsent == NULL) return -1;
  memcpy(connection->unsent, data, length);
  connection->unsent_length = length;
  return 0;
}

static enum outcome flush_unsent(struct connection *connection) {
  const long sent = send_some(connection, connection->unsent, connection->unsent_length);
  if (sent < 0) return OUTCOME_CLOSE;
  connection->unsent_length -= (size_t)sent;
  if (connection->unsent_length > 0) {
    memmove(connection->unsent, connection->unsent + sent, connection->unsent_length);
    return OUTCOME_WAIT;
  }
  free(connection->unsent);
  connection->unsent = NULL;
  return OUTCOME_GO_ON;
}

static enum outcome turn_reading(struct connection *connection, enum mode mode) {
  const int may_echo = mode == MODE_ECHO || mode == MODE_DISCARD;
  for (int i = 0; i < OPERATIONS_PER_TURN; i++) {
    if (connection->unsent != NULL) {
      if (!connection->may_write) return OUTCOME_WAIT;
      const enum outcome flushed = flush_unsent(connection);
      if (flushed != OUTCOME_GO_ON) return flushed;
    }
    if (!connection->may_read) return OUTCOME_WAIT;
    const long got = receive_some(connection);
    if (got < 0) return OUTCOME_WAIT;
    if (got == 0) return OUTCOME_CLOSE;
    if (!connection->has_begun) {
      connection->has_begun = 1;
      connection->is_discarded = mode == MODE_DISCARD && block[0] == 'D';
    }
    if (!may_echo || connection->is_discarded) continue;
    const long sent = send_some(connection, block, (size_t)got);
    if (sent < 0) return OUTCOME_CLOSE;
    if (sent < got && keep_unsent(connection, block + sent, (size_t)(got - sent)) != 0) return OUTCOME_CLOSE;
  }
  return OUTCOME_GO_ON;
}

static enum outcome turn_writing(struct connection *connection) {
  for (int i = 0; i < OPERATIONS_PER_TURN; i++) {
    if (!connection->may_write) return OUTCOME_WAIT;
    if (send_some(connection, block, sizeof block) < 0) return OUTCOME_CLOSE;
  }
  return OUTCOME_GO_ON;
}

enum outcome connection_turn(struct connection *connection, enum mode mode) {
  // A source reads too: it would not see the end of the connection otherwise.
  const enum outcome reading = turn_reading(connection, mode);
  if (reading == OUTCOME_CLOSE || (mode != MODE_SOURCE && mode != MODE_DUPLEX)) return reading;
  const enum outcome writing = turn_writing(connection);
  if (writing == OUTCOME_CLOSE) return writing;
  return reading == OUTCOME_GO_ON || writing == OUTCOME_GO_ON ? OUTCOME_GO_ON : OUTCOME_WAIT;
}
