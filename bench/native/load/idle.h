// Opens connections and holds them. Prints {"connected":N}; then, for each line on stdin, pings every connection once
// and prints how many answered. Ends when stdin closes.
#pragma once

#include "support.h"

void run_idle(const struct options *options);
