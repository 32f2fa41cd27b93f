/** Names in presentation form, as places in a tree. Equal names have equal keys; a dot that is escaped (`\.`) separates nothing. */

export const ROOT = '.'

const BACKSLASH = 0x5c
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39

/** The same for names that differ in case, or in a last dot, alone. */
export function nameKey(name: string): string {
  const lower = name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  return lower.length > 1 && lower.endsWith('.') && !lower.endsWith('\\.') ? lower.slice(0, -1) : lower
}

/** Of a key: without its first label. Undefined for the root. */
export function parentOf(key: string): string | undefined {
  if (key === ROOT) return undefined
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at)
    if (code === BACKSLASH) {
      const next = key.charCodeAt(at + 1)
      at += next >= DIGIT_0 && next <= DIGIT_9 ? 3 : 1
    } else if (code === 0x2e) return key.slice(at + 1)
  }
  return ROOT
}

/** The key itself and those above it, up to the root. */
export function* upwards(key: string): Generator<string, void> {
  for (let at: string | undefined = key; at !== undefined; at = parentOf(at)) yield at
}

export function isAtOrBelow(key: string, ancestor: string): boolean {
  if (ancestor === ROOT) return true
  if (key.length <= ancestor.length) return key === ancestor
  for (const each of upwards(key)) if (each.length <= ancestor.length) return each === ancestor
  return false
}
