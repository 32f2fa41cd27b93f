// Fetches /file over HTTP/1.1, a number of times on each connection, counts the bytes and drops them. Prints one JSON
// object. Work is fixed and not time, so what a fetched byte cost the server can be said exactly.
#pragma once

#include "support.h"

void run_fetch(const struct options *options);
