/** The order of SRV records (RFC 2782): by priority, and at random within one, a target's chance being its weight. */

export interface Weighted {
  readonly priority: number
  readonly weight: number
}

/** Another list with the same targets. `random` gives numbers from 0 to 1, without 1. */
export function orderTargets<T extends Weighted>(targets: readonly T[], random: () => number): T[] {
  const priorities = new Map<number, T[]>()
  for (const target of targets) {
    const equals = priorities.get(target.priority)
    if (equals === undefined) priorities.set(target.priority, [target])
    else equals.push(target)
  }
  return [...priorities.entries()].sort(([a], [b]) => a - b).flatMap(([, equals]) => shuffle(equals, random))
}

/** Those without weight come first, so that they are taken when the number drawn is 0, and only then. */
function shuffle<T extends Weighted>(targets: readonly T[], random: () => number): T[] {
  const left = [...targets].sort((a, b) => Number(a.weight > 0) - Number(b.weight > 0))
  const order: T[] = []
  let sum = left.reduce((total, { weight }) => total + weight, 0)
  while (left.length > 0) {
    let drawn = Math.floor(random() * (sum + 1))
    let at = 0
    while (at < left.length - 1 && drawn > (left[at] as T).weight) {
      drawn -= (left[at] as T).weight
      at++
    }
    const [target] = left.splice(at, 1) as [T]
    sum -= target.weight
    order.push(target)
  }
  return order
}
