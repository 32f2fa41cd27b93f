/**
 * What a process is to read: all of it sent, then the end. A process need not read its input; that is no
 * error.
 */
import { wrongType } from '../errors.js'
import type { Pipe } from '../net/pair.js'
import { interruptible } from '../scope/interruptible.js'
import type { Stream } from '../stream/stream.js'
import { toBytes } from '../stream/to-bytes.js'

export type ProcessInput = string | Uint8Array | Stream | AsyncIterable<Uint8Array | string>

export function checkInput(input: unknown): void {
  if (typeof input === 'string' || input instanceof Uint8Array) return
  if (typeof input === 'object' && input !== null && ('recv' in input || Symbol.asyncIterator in input))
    return
  throw wrongType('input', 'a string, a Uint8Array, a Stream or an async iterable', input)
}

/** Sends all of `input` and closes `pipe`. A Stream that was not read to its end stays as it is, and open. */
export async function feed(pipe: Pipe, input: ProcessInput): Promise<void> {
  try {
    if (typeof input === 'string' || input instanceof Uint8Array) await wasRead(pipe, toBytes('input', input))
    else if ('recv' in input) await feedStream(pipe, input)
    else await feedAll(pipe, input[Symbol.asyncIterator]())
  } finally {
    pipe.close()
  }
}

async function feedStream(pipe: Pipe, input: Stream): Promise<void> {
  for (let block = await input.recv(); block.length > 0; block = await input.recv())
    if (!(await wasRead(pipe, block))) return
}

/** An iterator's promises are not ours: waiting for one is what can be interrupted. */
async function feedAll(pipe: Pipe, input: AsyncIterator<Uint8Array | string>): Promise<void> {
  let isDone = false
  try {
    for (;;) {
      const next = await interruptible(Promise.resolve(input.next()))
      isDone = next.done === true
      if (isDone || !(await wasRead(pipe, toBytes('each block of input', next.value)))) return
    }
  } finally {
    if (!isDone && input.return !== undefined) await interruptible(Promise.resolve(input.return()))
  }
}

/** False: the process has closed its input, or is gone. */
async function wasRead(pipe: Pipe, block: Uint8Array): Promise<boolean> {
  try {
    await pipe.send(block)
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EPIPE') return false
    throw error
  }
}
