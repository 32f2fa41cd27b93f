/** The name of a prepared transaction, as a literal: PREPARE TRANSACTION takes no parameters. */
import { outOfRange, wrongType } from '@shrapnel/core/parts'

/** GIDSIZE of PostgreSQL, with the NUL at its end. */
const MOST_BYTES = 199

export function quoteGlobalName(name: string): string {
  if (typeof name !== 'string') throw wrongType('name', 'text', name)
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > MOST_BYTES)
    throw outOfRange('name', `text of 1 to ${MOST_BYTES} bytes, without NUL`, JSON.stringify(name))
  // As an escape string, a backslash means the same whatever standard_conforming_strings is.
  return `e'${name.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
