/** A place for a worker, without a worker. */
import { expect, test } from 'vitest'
import type { PreforkEvent } from '../../src/prefork/event.js'
import { checkPreforkOptions } from '../../src/prefork/options.js'
import { Slot } from '../../src/prefork/slot.js'
import type { WorkerProcess } from '../../src/prefork/worker-process.js'
import { group } from '../../src/scope/group.js'
import { spawn } from '../../src/spawn.js'
import { Fifo } from '../../src/sync/fifo.js'

function emptySlot() {
  const events = new Fifo<PreforkEvent>()
  const settings = checkPreforkOptions({
    listen: { port: 0 },
    serve() {},
    stableMs: 0,
    firstPauseMs: 0,
    onEvent: (event) => events.tryPush(event),
  })
  const slot = new Slot<WorkerProcess>(
    0,
    settings,
    () => {
      throw new Error('no more processes')
    },
    () => {},
  )
  return { slot, events }
}

test('starts that fail have pauses between them, whatever the options', async () => {
  const { slot, events } = emptySlot()
  await group(async (all) => {
    all.spawn(() => slot.keepServing())
    const messages: string[] = []
    for (let i = 0; i < 4; i++) messages.push((await events.pop()).message)
    expect(messages).toEqual([
      'worker 0 cannot be started: no more processes',
      'worker 0 cannot be started: the next start is in 100 ms',
      'worker 0 cannot be started: no more processes',
      'worker 0 cannot be started 2 times in a row: the next start is in 100 ms',
    ])
    all.cancel()
  })
})

test('a replacement in a pause fails if the start that it brings about does', async () => {
  const { slot, events } = emptySlot()
  await group(async (all) => {
    all.spawn(() => slot.keepServing())
    while ((await events.pop()).type !== 'pausing');
    await expect(slot.replace()).rejects.toMatchObject({ code: 'PREFORK_RELOAD' })
    all.cancel()
  })
})

test('a replacement fails when the place is given up, before and after', async () => {
  const { slot, events } = emptySlot()
  const keeping = spawn(() => slot.keepServing())
  while ((await events.pop()).type !== 'pausing');
  const replacing = expect(slot.replace()).rejects.toMatchObject({ code: 'PREFORK_RELOAD' })
  keeping.shutdown()
  await replacing
  await expect(slot.replace()).rejects.toMatchObject({ code: 'PREFORK_RELOAD' })
})
