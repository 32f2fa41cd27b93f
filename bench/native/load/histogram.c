#include "histogram.h"

// Values below HISTOGRAM_STEPS have a cell each; above, a value keeps its six bits after the leading one.
static uint32_t cell_of(uint64_t ns) {
  if (ns < HISTOGRAM_STEPS) return (uint32_t)ns;
  const uint32_t exponent = 63u - (uint32_t)__builtin_clzll(ns);
  const uint32_t step = (uint32_t)(ns >> (exponent - 6u)) & (HISTOGRAM_STEPS - 1u);
  const uint32_t cell = (exponent - 5u) * HISTOGRAM_STEPS + step;
  return cell < HISTOGRAM_CELLS ? cell : HISTOGRAM_CELLS - 1u;
}

static uint64_t upper_end_of(uint32_t cell) {
  if (cell < HISTOGRAM_STEPS) return cell;
  const uint32_t exponent = cell / HISTOGRAM_STEPS + 5u;
  const uint64_t step = cell % HISTOGRAM_STEPS;
  return ((HISTOGRAM_STEPS + step + 1u) << (exponent - 6u)) - 1u;
}

void histogram_add(struct histogram *histogram, uint64_t ns) {
  histogram->total++;
  histogram->cells[cell_of(ns)]++;
  if (ns > histogram->largest_ns) histogram->largest_ns = ns;
}

double histogram_percentile_us(const struct histogram *histogram, double share) {
  const double wanted = share * (double)histogram->total;
  uint64_t seen = 0;
  for (uint32_t cell = 0; cell < HISTOGRAM_CELLS; cell++) {
    seen += histogram->cells[cell];
    if (seen == 0 || (double)seen < wanted) continue;
    const uint64_t end = upper_end_of(cell);
    return (double)(end < histogram->largest_ns ? end : histogram->largest_ns) / 1000.0;
  }
  return 0;
}
