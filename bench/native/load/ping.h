// Ping-pong over many connections, with or without a hog beside them. Prints one JSON object.
#pragma once

#include "support.h"

void run_ping(const struct options *options, int with_hog);
