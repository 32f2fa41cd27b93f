// One connection, blocks as fast as they go: up (to the server), down (from it) or both at once. Prints one JSON object.
#pragma once

#include "support.h"

void run_stream(const struct options *options);
