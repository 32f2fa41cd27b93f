/** The name that was probably meant. Pure. */

/** How many letters must be added, taken away or changed. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const changed = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[to.length] as number
}

/** One of `names` that contains `wrong`, is contained in it, or differs in few letters. */
export function nearest(wrong: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => {
      const isPart = wrong.length > 1 && (name.includes(wrong) || wrong.includes(name))
      return { name, distance: isPart ? 1 : editDistance(wrong, name) }
    })
    .sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best !== undefined && best.distance <= Math.max(1, wrong.length / 2) ? best.name : undefined
}
