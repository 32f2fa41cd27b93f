// Latencies in fixed memory: 64 steps to each power of two, so a percentile is at most 1.6 % too high.
#pragma once

#include <stdint.h>

#define HISTOGRAM_STEPS 64u
#define HISTOGRAM_CELLS (HISTOGRAM_STEPS * 48u)

struct histogram {
  uint64_t total;
  uint64_t largest_ns;
  uint64_t cells[HISTOGRAM_CELLS];
};

void histogram_add(struct histogram *histogram, uint64_t ns);

// The value in microseconds that `share` (0 to 1) of all samples do not exceed. 0 if there is none.
double histogram_percentile_us(const struct histogram *histogram, double share);
