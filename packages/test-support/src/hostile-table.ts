/**
 * Hostile input as a table: each row says why it is hostile and which error code must answer it. "Does not crash" is
 * not enough: a row whose bytes are accepted, or refused with another code, fails. Codes are compared, messages never.
 */
import { AssertionError } from 'node:assert/strict'
import { inspect } from 'node:util'
import { describe, test } from 'vitest'
import { parseHex } from './hex.js'

/** One hostile input. Bytes given as text are hex; spaces and comments are ignored. */
export interface HostileRow {
  readonly why: string
  readonly bytes: Uint8Array | string
  /** The `code` that the error must have, exactly. */
  readonly code: string
  /** For an input past a limit: the name of the limit, which the error must hold (in `error.limit` or its text). */
  readonly limit?: string | undefined
}

export type HostileEntry = HostileRow | readonly [why: string, bytes: Uint8Array | string, code: string]

/** What the table tries: a decoder fed in one go, a parser, a whole conversation. May be asynchronous. */
export type HostileRun = (bytes: Uint8Array) => unknown

/** Registers one vitest test per row. An empty table, or two rows with the same name, is an error at once. */
export function describeHostile(title: string, entries: readonly HostileEntry[], run: HostileRun): void {
  const rows = hostileRows(entries)
  describe(title, () => {
    for (const row of rows) test(`${row.why} is answered with ${row.code}`, () => checkHostile(row, run))
  })
}

/** Asserts one row, for tests that need more than a table. */
export async function checkHostile(entry: HostileEntry, run: HostileRun): Promise<void> {
  const row = hostileRow(entry)
  const outcome = await outcomeOf(run, row.bytes)
  const expected = `expected an error with code '${row.code}'`
  if (!outcome.hasThrown)
    throw failure(row, `${expected}, but it was accepted and gave ${brief(outcome.value)}`)
  const error = outcome.value
  if (!(error instanceof Error)) throw failure(row, `${expected}, but it threw ${brief(error)}`)
  const code = Reflect.get(error, 'code')
  if (code !== row.code)
    throw failure(row, `${expected}, got ${brief(code)}: ${error.name}: ${error.message}`, error)
  if (row.limit === undefined || Reflect.get(error, 'limit') === row.limit) return
  if (!error.message.includes(row.limit)) {
    throw failure(row, `the error does not name the limit ${row.limit}: ${error.message}`, error)
  }
}

/** The rows in one shape, bytes read; throws on an empty table, a double name, or bytes that are no hex. */
export function hostileRows(
  entries: readonly HostileEntry[],
): readonly (HostileRow & { bytes: Uint8Array })[] {
  if (entries.length === 0) throw new Error('the hostile table is empty')
  const rows = entries.map(hostileRow)
  const names = new Set<string>()
  for (const { why } of rows) {
    if (names.has(why)) throw new Error(`two hostile rows are called '${why}'`)
    names.add(why)
  }
  return rows
}

function hostileRow(entry: HostileEntry): HostileRow & { bytes: Uint8Array } {
  const row = isTuple(entry) ? { why: entry[0], bytes: entry[1], code: entry[2] } : entry
  if (row.why.trim() === '' || row.code === '')
    throw new Error(`a hostile row needs a reason and a code: ${brief(row)}`)
  if (typeof row.bytes !== 'string') return { ...row, bytes: row.bytes }
  try {
    return { ...row, bytes: parseHex(row.bytes) }
  } catch (cause) {
    throw new SyntaxError(`the bytes of the hostile row '${row.why}' are no hex`, { cause })
  }
}

function isTuple(entry: HostileEntry): entry is Extract<HostileEntry, readonly unknown[]> {
  return Array.isArray(entry)
}

async function outcomeOf(
  run: HostileRun,
  bytes: Uint8Array,
): Promise<{ hasThrown: boolean; value: unknown }> {
  try {
    return { hasThrown: false, value: await run(bytes) }
  } catch (error) {
    return { hasThrown: true, value: error }
  }
}

/** The cause keeps the stack of the real error, which says where the input was refused instead. */
function failure(row: HostileRow, message: string, cause?: Error): AssertionError {
  const actual: unknown = cause === undefined ? undefined : Reflect.get(cause, 'code')
  return Object.assign(new AssertionError({ message, expected: row.code, actual }), { cause })
}

function brief(value: unknown): string {
  return inspect(value, { depth: 2, breakLength: Infinity, maxArrayLength: 8, maxStringLength: 120 })
}
