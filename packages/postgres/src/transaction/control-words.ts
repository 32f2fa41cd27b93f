/**
 * Statements that begin or end a transaction, told by their first words. A query has one statement, so these words are all that matters; a
 * script is judged by what the server says afterwards.
 */

/** Blanks, and comments of both kinds. */
const LEADING = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/
const BEGINS = /^(?:begin|start\s+transaction)\b/i
/** ROLLBACK TO SAVEPOINT ends nothing. */
const CONTROLS =
  /^(?:(?:begin|start\s+transaction|commit|end|abort|prepare\s+transaction)\b|rollback(?!\s+(?:(?:work|transaction)\s+)?to\b)\b)/i

export function beginsTransaction(text: string): boolean {
  return BEGINS.test(text) || (isCommented(text) && BEGINS.test(text.replace(LEADING, '')))
}

/** Begins one or ends one. */
export function controlsTransaction(text: string): boolean {
  return CONTROLS.test(text) || (isCommented(text) && CONTROLS.test(text.replace(LEADING, '')))
}

/** It does not begin with a letter: something may stand before the first word. */
function isCommented(text: string): boolean {
  const first = text.charCodeAt(0)
  return first <= 0x20 || first === 0x2d || first === 0x2f
}
