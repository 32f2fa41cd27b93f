/** Records as lines of a zone file, in columns. */
import { formatData, type ResourceRecord } from '../wire/index.js'

export function printedRecords(records: readonly ResourceRecord[]): string[] {
  const rows = records.map((record) => [
    absolute(record.name),
    `${record.ttl}`,
    record.class,
    record.type,
    formatData(record),
  ])
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

export function absolute(name: string): string {
  return name === '.' ? name : `${name}.`
}
