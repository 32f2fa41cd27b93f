/** What somebody may have meant. */

/** The name that differs in the fewest letters; undefined if all differ in more than a third. */
export function nearestName(wanted: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined
  let least = Math.max(2, Math.ceil(wanted.length / 3)) + 1
  for (const name of names) {
    const count = distance(simple(wanted), simple(name))
    if (count < least) {
      least = count
      nearest = name
    }
  }
  return nearest
}

function simple(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '').slice(0, 64)
}

/** Levenshtein's: letters to be put in, taken out or changed. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, i) => i)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++) {
      const change = (row[j - 1] as number) + (left[i - 1] === right[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[right.length] as number
}
