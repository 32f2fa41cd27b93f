/** What tests of asking share: a question, an answer in short, and that nothing is left behind. */
import { all, type Coroutine, spawn } from '@shrapnel/core'
import { type OpenDescriptor, openDescriptors } from '@shrapnel/test-support'
import { expect } from 'vitest'
import type { ServersOptions } from '../../src/exchange/options.js'
import { Servers } from '../../src/exchange/servers.js'
import type { Reply } from '../../src/resolution.js'
import type { Question } from '../../src/wire/index.js'

export const QUESTION: Question = { name: 'www.Example.test', type: 'A', class: 'IN' }

export function questionOf(name: string): Question {
  return { name, type: 'A', class: 'IN' }
}

/** The address in an answer; the response code where there is none. */
export function addressIn({ message }: Reply): string {
  const [answer] = message.answers
  return answer?.type === 'A' ? answer.data.address : message.rcode
}

export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

/** Asks in a coroutine of its own, so that it can be interrupted. */
export function asking(servers: Servers, question: Question = QUESTION): Coroutine<Reply> {
  return spawn({ name: 'asker' }, () => servers.ask(question))
}

/** Turns of the loop until `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    if (turn === 20_000) throw new Error(`never: ${condition}`)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

/** Runs `work` with servers, and asserts that neither a descriptor nor a coroutine is there that was not there before. */
export async function leavesNothing(
  options: ServersOptions,
  work: (servers: Servers) => Promise<void>,
): Promise<void> {
  const servers = new Servers(options)
  // What Node opens at first use is not ours.
  const before = { descriptors: openDescriptors(), coroutines: new Set(all()) }
  await work(servers)
  const known = new Set(before.descriptors.map(keyOf))
  const strangers = (): OpenDescriptor[] => openDescriptors().filter((each) => !known.has(keyOf(each)))
  const idle = (): boolean => strangers().length === 0 && all().every((each) => before.coroutines.has(each))
  for (let turn = 0; turn < 100 && !idle(); turn++)
    await new Promise<void>((resolve) => setImmediate(resolve))
  expect(strangers()).toEqual([])
  expect(
    all()
      .filter((each) => !before.coroutines.has(each))
      .map(({ name }) => name),
  ).toEqual([])
  expect(servers.inspect().map(({ openPorts, queued }) => ({ openPorts, queued }))).toEqual(
    servers.inspect().map(() => ({ openPorts: 0, queued: 0 })),
  )
  servers.close()
}

function keyOf({ fd, target }: OpenDescriptor): string {
  return `${fd} ${target}`
}
