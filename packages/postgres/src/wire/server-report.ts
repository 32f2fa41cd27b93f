/** The fields of errors and notices, and their letters. PostgreSQL documentation, "Error and Notice Message Fields". */
import type { ServerReport } from './backend-message.js'
import type { BodyReader } from './body-reader.js'
import { fail, failLimit } from './errors.js'
import { MAX_REPORT_FIELDS } from './limits.js'
import type { MessageWriter } from './message-writer.js'

const TEXT_FIELDS = {
  S: 'localizedSeverity',
  V: 'severity',
  C: 'sqlState',
  M: 'message',
  D: 'detail',
  H: 'hint',
  q: 'internalQuery',
  W: 'where',
  s: 'schema',
  t: 'table',
  c: 'column',
  d: 'dataType',
  n: 'constraint',
  F: 'file',
  R: 'routine',
} as const satisfies Record<string, keyof ServerReport>

const NUMBER_FIELDS = {
  P: 'position',
  p: 'internalPosition',
  L: 'line',
} as const satisfies Record<string, keyof ServerReport>

interface Field {
  readonly name: keyof ServerReport
  readonly isNumber: boolean
}

const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ...Object.entries(TEXT_FIELDS).map(([letter, name]): [string, Field] => [
    letter,
    { name, isNumber: false },
  ]),
  ...Object.entries(NUMBER_FIELDS).map(([letter, name]): [string, Field] => [
    letter,
    { name, isNumber: true },
  ]),
])

/** A field that comes twice counts as it came last. */
export function readReport(reader: BodyReader): ServerReport {
  const report: Partial<Record<keyof ServerReport, unknown>> = {}
  const unknown: Record<string, string> = Object.create(null)
  let count = 0
  for (;;) {
    const code = reader.uint8()
    if (code === 0) break
    if (++count > MAX_REPORT_FIELDS)
      failLimit('MAX_REPORT_FIELDS', MAX_REPORT_FIELDS, 'the fields of an error', reader.offset)
    const letter = String.fromCharCode(code)
    const at = reader.offset
    const text = reader.cstring()
    const field = FIELDS.get(letter)
    if (field === undefined) unknown[letter] = text
    else if (!field.isNumber) report[field.name] = text
    else if (/^[0-9]{1,10}$/.test(text)) report[field.name] = Number(text)
    else fail('PG_FIELD', `the field ${field.name} of an error is no number`, at)
  }
  reader.finish()
  if (Object.keys(unknown).length > 0) report.unknown = unknown
  return report as ServerReport
}

export function writeReport(writer: MessageWriter, report: ServerReport): void {
  for (const [letter, { name }] of FIELDS) {
    const value = report[name]
    if (value === undefined) continue
    writer.uint8(letter.charCodeAt(0))
    writer.cstring(String(value), name)
  }
  for (const [letter, text] of Object.entries(report.unknown ?? {})) {
    writer.uint8(letter.charCodeAt(0))
    writer.cstring(text, letter)
  }
  writer.uint8(0)
}
