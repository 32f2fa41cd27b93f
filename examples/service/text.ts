/** What strangers write, made fit for one line on the board. */

/**
 * Line ends and control characters become spaces, and so do marks that would turn the direction of what stands around the
 * text (Unicode, bidirectional algorithm, 2). Text in which there is nothing to see is ''.
 */
export function oneLine(text: string): string {
  if (!/[\p{L}\p{N}\p{P}\p{S}]/u.test(text)) return ''
  return text.replace(/[\s\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim()
}
