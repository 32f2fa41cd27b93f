/** The names of application protocols (ALPN), as on the wire: each with its length before it (RFC 7301, 3.1). */
import { outOfRange, wrongType } from '@shrapnel/core/parts'

const MAX_NAME_BYTES = 255
const MAX_LIST_BYTES = 65_535

export function encodeProtocolNames(option: string, names: unknown): Buffer {
  if (!Array.isArray(names)) throw wrongType(option, "a list of names, such as ['h2', 'http/1.1']", names)
  const parts = names.map((name: unknown) => {
    if (typeof name !== 'string') throw wrongType(`each of ${option}`, 'text', name)
    const bytes = Buffer.from(name)
    if (bytes.length === 0 || bytes.length > MAX_NAME_BYTES)
      throw outOfRange(`each of ${option}`, `text of 1 to ${MAX_NAME_BYTES} bytes`, JSON.stringify(name))
    return Buffer.concat([Buffer.of(bytes.length), bytes])
  })
  const list = Buffer.concat(parts)
  if (list.length === 0 || list.length > MAX_LIST_BYTES)
    throw outOfRange(option, `a list of 1 to ${MAX_LIST_BYTES} bytes`, list.length)
  return list
}

/** What can be read of a list that may be malformed. */
export function protocolNames(wire: Buffer): string[] {
  const names: string[] = []
  for (let at = 0; at < wire.length; ) {
    const end = at + 1 + (wire[at] as number)
    if (end > wire.length) break
    names.push(wire.toString('utf8', at + 1, end))
    at = end
  }
  return names
}
