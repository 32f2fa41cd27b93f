/** Asks a server over a connection of its own, with exactly these bytes, and takes the answer apart. */
import { tcp } from '@shrapnel/core'

export interface AskedAnswer {
  readonly status: number
  /** Names in small letters. */
  readonly fields: Readonly<Record<string, string>>
  readonly body: Buffer
}

export async function ask(
  port: number,
  target: string,
  fields: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<AskedAnswer> {
  using client = await tcp.connect('127.0.0.1', port)
  const lines = Object.entries({ Host: 'localhost', Connection: 'close', ...fields })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  await client.send(Buffer.from(`${method} ${target} HTTP/1.1\r\n${head}\r\n`, 'latin1'))
  const pieces: Buffer[] = []
  for (let bytes = await client.recv(); bytes.length > 0; bytes = await client.recv()) pieces.push(bytes)
  return takenApart(Buffer.concat(pieces))
}

function takenApart(all: Buffer): AskedAnswer {
  const end = all.indexOf('\r\n\r\n')
  const [first = '', ...lines] = all.toString('latin1', 0, end).split('\r\n')
  const fields: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    fields[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const body = all.subarray(end + 4)
  return {
    status: Number(first.split(' ')[1]),
    fields,
    body: fields['transfer-encoding'] === 'chunked' ? unchunked(body) : body,
  }
}

function unchunked(bytes: Buffer): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (!(size > 0)) return Buffer.concat(pieces)
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}
