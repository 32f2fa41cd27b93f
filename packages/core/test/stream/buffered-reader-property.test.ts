import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { yieldSlice } from '../../src/scope/sleep.js'
import { spawn } from '../../src/spawn.js'
import { BufferedReader } from '../../src/stream/buffered-reader.js'
import { memoryStreamPair } from '../../src/stream/memory-stream.js'
import { type Answer, type ModelLimits, ReaderModel } from './reader-model.js'

/** Small, so that they are met. */
const LIMITS: ModelLimits = { maxLineBytes: 12, maxUntilBytes: 9, maxExactBytes: 40 }
const DELIMITERS = ['\r\n', '\n', 'a', 'ab', 'aab', '\r\n\r\n', 'abab'] as const

const bytes = fc
  .array(fc.constantFrom(...'aaabbb\r\r\n\n\xff'), { maxLength: 120 })
  .map((list) => Buffer.from(list.join(''), 'latin1'))

const verbs = [
  'readExact',
  'tryReadExact',
  'readUntil',
  'tryReadUntil',
  'readLine',
  'tryReadLine',
  'peek',
  'tryPeek',
  'peekView',
  'skip',
  'trySkip',
  'read',
  'tryRead',
  'fill',
  'consume',
  'interrupted line',
  'interrupted exact',
  'interrupted until',
] as const

const step = fc.record({
  verb: fc.constantFrom(...verbs),
  count: fc.oneof({ weight: 6, arbitrary: fc.nat(12) }, fc.nat(60)),
  delimiter: fc.constantFrom(...DELIMITERS),
  asBytes: fc.boolean(),
})

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const cuts = fc.array(fc.record({ length: fc.integer({ min: 1, max: 20 }), isLate: fc.boolean() }), {
  minLength: 1,
  maxLength: 40,
})

test('any mix of reads over any chunking answers as a naive reader does', async () => {
  await fc.assert(
    fc.asyncProperty(
      bytes,
      cuts,
      fc.array(step, { maxLength: 40 }),
      fc.constantFrom(1, 3, 65_536),
      async (data, pieces, steps, chunkBytes) => {
        const [far, near] = memoryStreamPair()
        const feeder = spawn(async () => {
          for (let at = 0, i = 0; at < data.length; i++) {
            const { length, isLate } = pieces[i % pieces.length] as (typeof pieces)[number]
            if (isLate) await yieldSlice()
            await far.send(data.subarray(at, at + length))
            at += length
          }
          await far.shutdown()
        })
        const reader = new BufferedReader(near, { ...LIMITS, encoding: 'latin1', chunkBytes })
        const model = new ReaderModel(data, LIMITS)
        for (const each of steps) await compare(reader, model, each)
        await feeder.join()
        // Whatever happened, nothing was lost and nothing came twice.
        const rest: Buffer[] = []
        for (let chunk = await reader.read(); chunk.length > 0; chunk = await reader.read()) rest.push(chunk)
        assert.deepEqual(Buffer.concat(rest), Buffer.from(model.next(model.left)))
      },
    ),
    { numRuns: 400 },
  )
})

async function compare(
  reader: BufferedReader,
  model: ReaderModel,
  { verb, count, delimiter, asBytes }: Step,
): Promise<void> {
  const needle = Buffer.from(delimiter)
  const given = asBytes ? new Uint8Array(needle) : delimiter
  const here = reader.bufferedBytes
  const all = model.left
  const rest = Buffer.from(model.next(all))
  const waits = (answer: Answer): Answer => ReaderModel.atEnd(answer, rest)
  switch (verb) {
    case 'readExact':
      return same(await outcome(() => reader.readExact(count)), waits(model.exact(count, all)))
    case 'tryReadExact':
      return same(await outcome(() => reader.tryReadExact(count)), model.exact(count, here))
    case 'readUntil':
      return same(await outcome(() => reader.readUntil(given)), waits(model.until(needle, all)))
    case 'tryReadUntil':
      return same(await outcome(() => reader.tryReadUntil(given)), model.until(needle, here))
    case 'readLine':
      return same(await outcome(() => reader.readLine()), waits(model.line(all)))
    case 'tryReadLine':
      return same(await outcome(() => reader.tryReadLine()), model.line(here))
    case 'peek':
      return same(await outcome(() => reader.peek(count)), waits(model.peek(count, all)))
    case 'tryPeek':
      return same(await outcome(() => reader.tryPeek(count)), model.peek(count, here))
    case 'peekView':
      return same(
        await outcome(async () => Buffer.from(await reader.peekView(count))),
        waits(model.peek(count, all)),
      )
    case 'trySkip':
      return same({ value: reader.trySkip(count) || undefined }, model.skip(count, here))
    case 'skip': {
      // Takes effect whatever comes, so only as far as there is something.
      const possible = Math.min(count, all)
      await reader.skip(possible)
      return model.advance(possible)
    }
    case 'read':
    case 'tryRead': {
      const max = count + 1
      const some = verb === 'read' ? await reader.read(max) : (reader.tryRead(max) ?? Buffer.alloc(0))
      same(some, Buffer.from(model.next(some.length)))
      same(some.length <= max, true)
      if (here > 0) same(some.length, Math.min(here, max))
      else if (verb === 'read') same(some.length === 0, all === 0)
      return model.advance(some.length)
    }
    case 'fill':
      same(await reader.fill(), here < all)
      return same(reader.bufferedBytes > here || here === all, true)
    case 'consume': {
      same(Buffer.from(reader.bufferedView()), Buffer.from(model.next(here)))
      reader.consume(Math.min(count, here))
      return model.advance(Math.min(count, here))
    }
    case 'interrupted line':
      return interrupted(
        () => reader.readLine(),
        () => waits(model.line(all)),
      )
    case 'interrupted exact':
      return interrupted(
        () => reader.readExact(count),
        () => waits(model.exact(count, all)),
      )
    case 'interrupted until':
      return interrupted(
        () => reader.readUntil(given),
        () => waits(model.until(needle, all)),
      )
  }
}

/** Either it was too late, and the answer is the naive one, or nothing was taken. */
async function interrupted(
  read: () => Buffer | string | Promise<Buffer | string>,
  expected: () => Answer,
): Promise<void> {
  const doomed = spawn(async () => read())
  await yieldSlice()
  doomed.interrupt()
  const answer = await outcome(() => doomed.join())
  if ('code' in answer && answer.code === 'INTERRUPTED') return
  same(answer, expected())
}

type Value = Buffer | string | boolean | undefined

async function outcome(read: () => Value | Promise<Value>): Promise<Answer> {
  try {
    return { value: await read() }
  } catch (error) {
    const { code, partial } = error as { code: string; partial?: Buffer }
    return partial === undefined ? { code } : { code, partial: partial.toString('latin1') }
  }
}

function same<T>(answer: T, expected: T): void {
  assert.deepEqual(answer, expected)
}
