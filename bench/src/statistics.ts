/** The figures that a benchmark reports: medians with their extremes, and ratios between contestants. Pure. */

export interface Distribution {
  readonly median: number
  readonly min: number
  readonly max: number
}

export type Better = 'higher' | 'lower'

/** `samples` must not be empty. */
export function distributionOf(samples: readonly number[]): Distribution {
  if (samples.length === 0) throw new RangeError('a distribution needs at least one sample')
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] as number
  const lower = sorted[Math.ceil(middle) - 1] as number
  return { median: (lower + upper) / 2, min: sorted[0] as number, max: sorted.at(-1) as number }
}

/** How many times better ours is: above 1 is good news whatever the unit. Undefined where a division says nothing. */
export function ratioOf(ours: number, peer: number, better: Better): number | undefined {
  const ratio = better === 'higher' ? ours / peer : peer / ours
  return Number.isFinite(ratio) && ratio > 0 ? ratio : undefined
}
