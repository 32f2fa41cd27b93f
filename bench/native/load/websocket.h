// Echo of WebSocket messages: the handshake, then on each connection a message again as soon as it is answered.
#pragma once

#include "support.h"

void run_websocket(const struct options *options);
