/** The captured messages and zones. Each JSON file says in `from` which server made it; scripts/capture-messages.mjs makes them again. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface Exchange {
  readonly name: string
  readonly type: string
  readonly query: Buffer
  readonly reply: Buffer
}

export function readFixture(name: string): string {
  return readFileSync(fixturePath(name), 'utf8')
}

export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
}

export function exchanges(name: 'named.json' | 'every-type.json'): readonly Exchange[] {
  const { messages } = JSON.parse(readFixture(name)) as {
    readonly messages: readonly { name: string; type: string; query: string; reply: string }[]
  }
  return messages.map((one) => ({
    name: one.name,
    type: one.type,
    query: Buffer.from(one.query, 'hex'),
    reply: Buffer.from(one.reply, 'hex'),
  }))
}
