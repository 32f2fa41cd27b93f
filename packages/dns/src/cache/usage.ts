/** How often which part of a resolver was of use. */
export class Usage {
  hits = 0
  misses = 0
  coalesced = 0
  stale = 0
}
