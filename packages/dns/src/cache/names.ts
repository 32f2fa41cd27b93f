/** Names as the cache compares them. */

/** Equal for names that are equal (RFC 4343): without case and without the last dot. */
export function nameKey(name: string): string {
  const lower = name.toLowerCase()
  return lower.length > 1 && lower.endsWith('.') ? lower.slice(0, -1) : lower
}

/** Whether `ancestor` is `name`, or above it. Both are keys. */
export function isAtOrAbove(ancestor: string, name: string): boolean {
  if (ancestor === '.' || ancestor === name) return true
  if (!name.endsWith(`.${ancestor}`)) return false
  // `a\.example.com` is one label before `com`: an escaped dot divides nothing.
  let backslashes = 0
  for (let at = name.length - ancestor.length - 2; at >= 0 && name[at] === '\\'; at--) backslashes++
  return backslashes % 2 === 0
}
