/** A reply for programs: the message as it is, bytes as hexadecimal text, with the zone file's form of each record beside its data. */
import type { Reply } from '../resolution.js'
import { formatData, type ResourceRecord } from '../wire/index.js'
import { hexOf } from './printed-reply.js'

export function jsonReply({
  message,
  server,
  transport,
  elapsedMs,
}: Reply): Readonly<Record<string, unknown>> {
  return {
    server,
    transport,
    elapsedMs: Math.round(elapsedMs * 1000) / 1000,
    ...message,
    answers: message.answers.map(jsonRecord),
    authorities: message.authorities.map(jsonRecord),
    additionals: message.additionals.map(jsonRecord),
    edns: message.edns ?? null,
  }
}

function jsonRecord(record: ResourceRecord): Readonly<Record<string, unknown>> {
  return { ...record, text: formatData(record) }
}

export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? hexOf(each) : each))}\n`
}
