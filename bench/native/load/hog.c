#include "hog.h"

#include <string.h>
#include <sys/epoll.h>

#include "connections.h"
#include "support.h"

#define BLOCK_BYTES 65536u
static char block[BLOCK_BYTES];

void hog_open(struct hog *hog, int poll_set, uint16_t port, int is_discarded) {
  memset(hog, 0, sizeof *hog);
  memset(block, 'h', sizeof block);
  hog->fd = open_connection(port, 0);
  poll_add(poll_set, hog->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, TOKEN_HOG);
  if (send_some(hog->fd, is_discarded ? "D" : "h", 1) != 1) fail("the hog's connection takes no byte");
}

void hog_notify(struct hog *hog, uint32_t events) {
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) fail("the server closed the hog's connection");
  if (events & EPOLLOUT) hog->may_send = 1;
  if (events & EPOLLIN) hog->may_receive = 1;
}

int hog_turn(struct hog *hog) {
  static char sink[BLOCK_BYTES];
  for (int i = 0; i < 2 && hog->may_receive; i++) {
    // A short read means drained: the next byte makes a new edge.
    if (receive_some(hog->fd, sink, sizeof sink) < (long)sizeof sink) hog->may_receive = 0;
  }
  if (hog->may_send) {
    const long sent = send_some(hog->fd, block, sizeof block);
    if (sent < (long)sizeof block) hog->may_send = 0;
    if (sent > 0) hog->sent_bytes += (uint64_t)sent;
  }
  return hog->may_send || hog->may_receive;
}
