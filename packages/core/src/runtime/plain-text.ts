/** Text for people out of anything a program may throw, name or give as a reason. Never throws itself. */

/** A message, if there is one, else what `String` makes of the value. */
export function textOf(value: unknown): string {
  try {
    return value instanceof Error ? String(value.message) : String(value)
  } catch {
    return 'something that has no text'
  }
}

/** Without line breaks and other control characters: in a log, one line stays one line. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}
