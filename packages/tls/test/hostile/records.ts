/** Records on their way, one by one: to be dropped, doubled, changed or cut. */
import { memoryStreamPair, type Stream, spawn, yieldSlice } from '@shrapnel/core'
import type { Version } from '../../src/options.js'
import type { TlsStream } from '../../src/tls-stream.js'
import { upgrade } from '../../src/upgrade.js'
import type { House } from '../house.js'

const HEADER_BYTES = 5

/** The records that come from `stream`, whole; what is left at its end comes last. */
export async function* recordsOf(stream: Stream): AsyncGenerator<Buffer, void> {
  let held: Buffer = Buffer.alloc(0)
  for (let bytes = await stream.recv(); bytes.length > 0; bytes = await stream.recv()) {
    held = Buffer.concat([held, bytes])
    while (held.length >= HEADER_BYTES && held.length >= HEADER_BYTES + held.readUInt16BE(3)) {
      const size = HEADER_BYTES + held.readUInt16BE(3)
      yield held.subarray(0, size)
      held = held.subarray(size)
    }
  }
  if (held.length > 0) yield held
}

/** What becomes of the record number `index` of a direction; undefined: the direction ends here. */
export type Change = (record: Buffer, index: number) => readonly Buffer[] | undefined

async function carry(from: Stream, to: Stream, change: Change, told: () => void): Promise<void> {
  let index = 0
  try {
    for await (const record of recordsOf(from)) {
      told()
      const changed = change(record, index++)
      if (changed === undefined) break
      for (const each of changed) if (each.length > 0) await to.send(each)
    }
    await to.shutdown()
  } catch {
    // Whoever receives has had enough.
  }
}

export interface Heard {
  readonly bytes: Buffer
  /** The code of the error; undefined: it ended in order. */
  readonly code: string | undefined
}

export interface Outcome {
  readonly client: Heard
  readonly server: Heard
}

export const CLIENT_SAYS: readonly Buffer[] = [1, 5000, 20_000].map((size) => Buffer.alloc(size, 'client '))
export const SERVER_SAYS: readonly Buffer[] = [7, 40_000, 1].map((size) => Buffer.alloc(size, 'server '))

/** Turns of the loop without a record, after which nothing more comes by itself. */
const QUIET_TURNS = 12

/** A whole conversation in memory, both ways, whose records are changed on the way. It is cut when nobody says anything any more. */
export async function conversation(
  { client, server }: House,
  version: Version,
  changes: { readonly toServer?: Change; readonly toClient?: Change },
): Promise<Outcome> {
  const [left, leftRelay] = memoryStreamPair()
  const [rightRelay, right] = memoryStreamPair()
  const keep: Change = (record) => [record]
  let quiet = 0
  const told = (): void => {
    quiet = 0
  }
  spawn(carry, leftRelay, rightRelay, changes.toServer ?? keep, told)
  spawn(carry, rightRelay, leftRelay, changes.toClient ?? keep, told)
  const versions = { maxVersion: version, minVersion: version }
  const both = [
    spawn(speak, () => upgrade(left, { ...client, ...versions }), CLIENT_SAYS),
    spawn(speak, () => upgrade(right, { ...server, ...versions, isServer: true }), SERVER_SAYS),
  ] as const
  while (both.some((side) => !side.isDead) && quiet++ < QUIET_TURNS) await yieldSlice()
  for (const stream of [leftRelay, rightRelay]) stream.close()
  const [heardByClient, heardByServer] = await Promise.all([both[0].join(), both[1].join()])
  for (const stream of [left, right]) stream.close()
  return { client: heardByClient, server: heardByServer }
}

async function speak(connect: () => Promise<TlsStream>, says: readonly Buffer[]): Promise<Heard> {
  const chunks: Buffer[] = []
  let code: string | undefined
  try {
    using stream = await connect()
    const speaker = spawn(async () => {
      for (const each of says) await stream.send(each)
      await stream.shutdown()
    })
    try {
      for (let chunk = await stream.recv(); chunk.length > 0; chunk = await stream.recv()) chunks.push(chunk)
    } catch (error) {
      code = (error as { code: string }).code
      speaker.interrupt()
    }
    await speaker.join().catch((error: { code: string }) => {
      code ??= error.code
    })
  } catch (error) {
    code = (error as { code: string }).code
  }
  return { bytes: Buffer.concat(chunks), code }
}
