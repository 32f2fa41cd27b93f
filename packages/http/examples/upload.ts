// Files that are sent in a form go to disk as they come: a slow disk slows the client down, and nothing is gathered in memory.
import { createHash } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { interruptible, tcp } from '@shrapnel/core'
import { formBody, type Handler, serve } from '@shrapnel/http'

const folder = await mkdtemp(join(tmpdir(), 'upload-'))

const upload: Handler = async (request) => {
  const lines: string[] = []
  for await (const part of request.body.parts({ maxFileBytes: 5_000_000 })) {
    if (part.filename === undefined) {
      lines.push(`${part.name} = ${await part.body.text()}`)
      continue
    }
    // The name is the client's: it says nothing of where the file goes.
    const file = await open(join(folder, String(lines.length)), 'w')
    const hash = createHash('sha256')
    let bytes = 0
    try {
      for await (const piece of part.body) {
        hash.update(piece)
        await interruptible(file.write(piece))
        bytes += piece.length
      }
    } finally {
      await file.close()
    }
    lines.push(`${part.name}: ${part.filename}, ${bytes} bytes, ${hash.digest('hex').slice(0, 8)}`)
  }
  return { body: `${lines.join('\n')}\n`, close: true }
}

await using server = await serve({ port: 0 }, upload)

async function* numbers(): AsyncGenerator<string, void> {
  for (let i = 0; i < 100_000; i++) yield `${i}\n`
}

const { headers, body } = formBody([
  ['title', 'numbers'],
  { name: 'file', filename: 'numbers.txt', type: 'text/plain', data: numbers(), length: 588_890 },
])
using client = await tcp.connect('127.0.0.1', server.port)
const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
await client.send(`POST / HTTP/1.1\r\nHost: localhost\r\n${fields.join('')}\r\n`)
for await (const piece of body) await client.send(piece)
let answer = ''
for (let bytes = await client.recv(); bytes.length > 0; bytes = await client.recv())
  answer += bytes.toString()
console.log(answer.slice(answer.indexOf('\r\n\r\n') + 4).trimEnd())
await rm(folder, { recursive: true })
