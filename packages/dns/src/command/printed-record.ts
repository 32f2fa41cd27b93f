/** Records as lines of a zone file, in columns. */
import { formatRecord, type ResourceRecord } from '../wire/index.js'

/** Name, time to live, class, type; the fifth is the data, which may have blanks in it. */
const FIELDS = /^(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+([\s\S]*)$/

/** The data of a record alone, as in a zone file. */
export function printedData(record: ResourceRecord): string {
  return FIELDS.exec(formatRecord(record))?.[5] ?? ''
}

export function printedRecords(records: readonly ResourceRecord[]): string[] {
  const rows = records.map((record) => [
    absolute(record.name),
    `${record.ttl}`,
    record.class,
    record.type,
    printedData(record),
  ])
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd())
}

export function absolute(name: string): string {
  return name === '.' ? name : `${name}.`
}
