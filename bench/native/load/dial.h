// New connections, one after another in each of some places, as a server of short conversations meets them.
#pragma once

#include "support.h"

void run_dial(const struct options *options);
