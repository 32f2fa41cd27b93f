// One connection that never stops sending, beside the measured ones. It takes what the server echoes.
// A turn is short (one block out, two in) so that the generator itself does not starve the pings it measures.
#pragma once

#include <stdint.h>

struct hog {
  int fd;
  int may_send;
  int may_receive;
  uint64_t sent_bytes;
};

// Connects and puts it in `poll_set` under TOKEN_HOG.
void hog_open(struct hog *hog, int poll_set, uint16_t port, int is_discarded);

// Notes what epoll said.
void hog_notify(struct hog *hog, uint32_t events);

// Sends and receives a little. True if it could go on at once.
int hog_turn(struct hog *hog);
