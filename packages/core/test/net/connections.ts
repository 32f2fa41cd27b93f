/** Connections, bytes and patience for the tests of sockets. Nothing here asserts. */
import { createHash } from 'node:crypto'
import {
  type Coroutine,
  type Listener,
  type Socket,
  sleep,
  socketPair,
  spawn,
  tcp,
  unix,
  yieldSlice,
} from '../../src/index.js'

const PATIENCE_MS = 5_000
/** Larger than what loopback's buffers take together. */
export const MORE_THAN_BUFFERS = 32 * 1024 * 1024

export interface Ends {
  readonly client: Socket
  readonly server: Socket
}

/** An established TCP connection; its listener is gone. */
export async function tcpPair(host = '127.0.0.1'): Promise<Ends> {
  using listener = tcp.listen({ port: 0, host })
  return await pairOver(listener, () => tcp.connect(host, listener.port))
}

export async function unixPair(path: string): Promise<Ends> {
  using listener = unix.listen({ path })
  return await pairOver(listener, () => unix.connect(path))
}

export async function pairOver(listener: Listener, connect: () => Promise<Socket>): Promise<Ends> {
  const connecting = spawn(connect)
  const server = await listener.accept()
  return { client: await connecting.join(), server }
}

/** A loopback port that refuses. The kernel does not hand it out again for a while. */
export function refusingPort(host = '127.0.0.1'): number {
  using listener = tcp.listen({ port: 0, host })
  return listener.port
}

/** Waits until `condition` holds, a turn at a time. */
export async function until(
  condition: () => boolean,
  what = String(condition),
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${patienceMs} ms: ${what}`)
    await sleep(1)
  }
}

/** Waits until the coroutine waits for what begins with `verb`. */
export function untilIn(coroutine: Coroutine<unknown>, verb: string): Promise<void> {
  return until(() => coroutine.waitingOn?.startsWith(verb) === true, `${coroutine.name} in ${verb}`)
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await yieldSlice()
}

/**
 * Sends single bytes until the kernel takes no more; how many there were. Nothing waits then, and nothing was sent by halves.
 */
export async function fill(stream: { send(data: string): Promise<void> }): Promise<number> {
  for (let count = 0; ; count++) {
    const sending = spawn(() => stream.send('x'))
    while (!sending.isDead && sending.waitingOn?.startsWith('send') !== true) await yieldSlice()
    if (sending.isDead) continue
    sending.interrupt()
    await outcomeOf(sending)
    return count
  }
}

/** Bytes that show when one is lost, doubled or out of order. */
export function patterned(length: number, seed = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let word = 0x9e3779b9 ^ seed
  for (let i = 0; i < length; i++) {
    word = (Math.imul(word, 1664525) + 1013904223) | 0
    bytes[i] = word >>> 24
  }
  return bytes
}

export function digest(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex')
}

/** Everything up to the end. */
export async function drain(
  stream: { recv(max?: number): Buffer | Promise<Buffer> },
  max?: number,
): Promise<Buffer> {
  const blocks: Buffer[] = []
  for (;;) {
    const block = await stream.recv(max)
    if (block.length === 0) return Buffer.concat(blocks)
    blocks.push(block)
  }
}

/** `length` bytes; less only if the stream ends. */
export async function take(
  stream: { recv(max?: number): Buffer | Promise<Buffer> },
  length: number,
): Promise<Buffer> {
  const blocks: Buffer[] = []
  let left = length
  while (left > 0) {
    const block = await stream.recv(left)
    if (block.length === 0) break
    blocks.push(block)
    left -= block.length
  }
  return Buffer.concat(blocks)
}

/** How `fn` failed: its error, whether thrown or rejected. */
export async function failureOf(fn: () => unknown): Promise<unknown> {
  try {
    await fn()
  } catch (error) {
    return error
  }
  throw new Error(`${fn} did not fail`)
}

/** The outcome of a coroutine: its value or its error. */
export async function outcomeOf(coroutine: Coroutine<unknown>): Promise<unknown> {
  try {
    return await coroutine.join()
  } catch (error) {
    return error
  }
}

/** Another number for the open file of `fd`, as another process would get one: it is the caller's. */
export async function duplicate(fd: number): Promise<number> {
  const [from, to] = socketPair()
  await from.sendDescriptor(fd)
  const copy = await to.receiveDescriptor()
  from.close()
  to.close()
  return copy
}
