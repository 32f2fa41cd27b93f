/**
 * Programs that `run` has to end: time is up, the caller is cancelled, the output is too long. Time stands
 * still but where a test moves it, so that what happens in the grace and what after it can be told apart.
 */
import { join } from 'node:path'
import { temporaryFolder } from '@shrapnel/test-support'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  all,
  type Coroutine,
  group,
  type RunOptions,
  RunTimeoutError,
  run,
  spawn,
  withTimeout,
} from '../../src/index.js'
import { cleanGround } from '../runtime/harness.js'
import { isAlive, numbersFrom, scripts, untilGone, untilTrue, zombies } from './children.js'

const ground = cleanGround()
let folder: Awaited<ReturnType<typeof temporaryFolder>>

beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(async () => {
  await folder.remove()
  expect(zombies()).toEqual([])
})

interface Scene {
  readonly running: Coroutine<unknown>
  readonly leader: number
  /** The grandchild, where there is one. */
  readonly second: number
}

/** Runs one of the scripts, and waits until it is ready. */
async function begin(
  script: keyof typeof scripts,
  options: RunOptions = {},
  around = plainly,
): Promise<Scene> {
  const path = join(folder.path, 'pids')
  const running = outcome(() => around(() => run('sh', ['-c', scripts[script], 'sh', path], options)))
  const [leader = 0, second = 0] = await numbersFrom(path, script.includes('grandchild') ? 2 : 1)
  return { running, leader, second }
}

/** A coroutine whose result is what `body` came to: an error too, which nobody need be there for. */
function outcome(body: () => Promise<unknown>): Coroutine<unknown> {
  return spawn({ name: 'caller' }, async () => {
    try {
      return await body()
    } catch (error) {
      return error
    }
  })
}

/** Waits until SIGTERM was sent and the grace runs. */
async function untilGrace(graceMs: number): Promise<void> {
  const { clock } = ground
  await untilTrue(() => clock.pendingAlarm?.at === clock.now() + graceMs)
}

type Around = (body: () => Promise<unknown>) => Promise<unknown>
const plainly: Around = (body) => body()

test('when time is up an obedient program ends with SIGTERM, and the error has its output', async () => {
  const path = join(folder.path, 'ready')
  const running = outcome(() =>
    run(
      'sh',
      [
        '-c',
        'trap "echo last words; exit" TERM; echo first words; echo error >&2; sleep 1000 >/dev/null 2>&1 & echo 0 >"$1"; wait',
        'sh',
        path,
      ],
      {
        timeoutMs: 500,
      },
    ),
  )
  await numbersFrom(path, 1)
  await ground.clock.advance(499)
  expect(running.isDead).toBe(false)
  await ground.clock.advance(1)
  const error = await running.join()
  expect(error).toBeInstanceOf(RunTimeoutError)
  expect(error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 500, message: 'sh did not end within 500 ms' })
  expect(String((error as RunTimeoutError).stdout)).toBe('first words\nlast words\n')
  expect(String((error as RunTimeoutError).stderr)).toBe('error\n')
})

test('a program that ignores SIGTERM is killed after the grace, not before', async () => {
  const { running, leader } = await begin('stubborn', { timeoutMs: 100, graceMs: 700 })
  await ground.clock.advance(100)
  await untilGrace(700)
  await ground.clock.advance(699)
  expect(isAlive(leader)).toBe(true)
  await ground.clock.advance(1)
  expect(await running.join()).toMatchObject({ code: 'TIMEOUT' })
  expect(isAlive(leader)).toBe(false)
})

test('the grace is two seconds unless given', async () => {
  const { running, leader } = await begin('stubborn', { timeoutMs: 100 })
  await ground.clock.advance(100)
  await untilGrace(2000)
  await ground.clock.advance(1999)
  expect(isAlive(leader)).toBe(true)
  await ground.clock.advance(1)
  expect(await running.join()).toMatchObject({ code: 'TIMEOUT' })
})

test('without grace SIGKILL follows at once', async () => {
  const { running, leader } = await begin('stubborn', { timeoutMs: 100, graceMs: 0 })
  await ground.clock.advance(100)
  expect(await running.join()).toMatchObject({ code: 'TIMEOUT' })
  expect(isAlive(leader)).toBe(false)
})

test('a grandchild that ignores SIGTERM has the grace, and dies though the leader obeyed', async () => {
  const { running, leader, second } = await begin('with a stubborn grandchild', {
    timeoutMs: 100,
    graceMs: 500,
  })
  await ground.clock.advance(100)
  await untilGrace(500)
  await untilTrue(() => !isAlive(leader))
  expect(isAlive(second)).toBe(true)
  // It is a zombie until the group is done with: its number is the group's.
  expect(zombies()).toEqual([leader])
  await ground.clock.advance(500)
  expect(await running.join()).toMatchObject({ code: 'TIMEOUT' })
  await untilGone(second)
})

test('what a program that ended left behind holds run by the output, until time is up', async () => {
  const { running, leader, second } = await begin('leaves a grandchild', { timeoutMs: 300 })
  await untilTrue(() => !isAlive(leader))
  await ground.clock.advance(299)
  expect(running.isDead).toBe(false)
  expect(isAlive(second)).toBe(true)
  await ground.clock.advance(1)
  expect(await running.join()).toMatchObject({ code: 'TIMEOUT' })
  await untilGone(second)
})

test('what a program left behind without its output goes on after an ordinary end', async () => {
  const path = join(folder.path, 'pids')
  const script = 'sleep 1000 >/dev/null 2>&1 & echo $! >"$1"'
  expect(await run('sh', ['-c', script, 'sh', path])).toMatchObject({ code: 0 })
  const [left = 0] = await numbersFrom(path, 1)
  expect(isAlive(left)).toBe(true)
  process.kill(left, 'SIGKILL')
  await untilGone(left)
})

test('a program that writes without end is stopped at the limit, and so are all in its group', async () => {
  const { running, leader } = await begin('writes without end', { maxOutputBytes: 1_000_000 })
  expect(await running.join()).toMatchObject({ code: 'LIMIT', limit: 'maxOutputBytes' })
  expect(isAlive(leader)).toBe(false)
})

test('a program that writes without end and ignores SIGTERM is killed after the grace', async () => {
  const path = join(folder.path, 'pids')
  const script = 'trap "" TERM; echo $$ >"$1"; exec yes'
  const running = outcome(() => run('sh', ['-c', script, 'sh', path], { maxOutputBytes: 10, graceMs: 200 }))
  const [leader = 0] = await numbersFrom(path, 1)
  await untilGrace(200)
  await ground.clock.advance(199)
  expect(isAlive(leader)).toBe(true)
  await ground.clock.advance(1)
  expect(await running.join()).toMatchObject({ code: 'LIMIT' })
  expect(isAlive(leader)).toBe(false)
})

test('an interrupt ends the program, and run passes it on when it is gone', async () => {
  const { running, leader } = await begin('obedient')
  running.interrupt('enough')
  expect(await running.join()).toMatchObject({ code: 'INTERRUPTED', reason: 'enough' })
  expect(isAlive(leader)).toBe(false)
})

test('what run waits for can be seen', async () => {
  const { running, leader } = await begin('obedient', { input: 'x'.repeat(1_000_000) })
  await untilTrue(() => all().some(({ waitingOn }) => waitingOn?.startsWith('send')))
  const waits = all().flatMap(({ name, waitingOn }) =>
    waitingOn === undefined ? [] : [`${name}: ${waitingOn}`],
  )
  expect(waits.join('\n')).toMatch(
    /^caller: .*process \d+ \(sh\).*\nsh stdin: send fd \d+\nsh stdout: recv fd \d+\nsh stderr: recv fd \d+$/,
  )
  expect(waits[0]).toContain(`process ${leader} (sh)`)
  running.interrupt()
  await running.join()
})

test('a shutdown ends the program, also one that ignores SIGTERM', async () => {
  const { running, leader } = await begin('stubborn', { graceMs: 300 })
  running.shutdown()
  await untilGrace(300)
  await ground.clock.advance(299)
  expect(isAlive(leader)).toBe(true)
  await ground.clock.advance(1)
  expect(await running.join()).toMatchObject({ code: 'SHUTDOWN' })
  expect(isAlive(leader)).toBe(false)
})

test('a second interrupt does not shorten the grace', async () => {
  const { running, leader } = await begin('stubborn', { graceMs: 300 })
  running.interrupt('first')
  await untilGrace(300)
  running.interrupt('second')
  await ground.clock.advance(299)
  expect(isAlive(leader)).toBe(true)
  await ground.clock.advance(1)
  expect(await running.join()).toMatchObject({ reason: 'first' })
})

test('an outer timeout is an outer timeout, and the program is gone when it is known', async () => {
  const around: Around = (body) => withTimeout(200, body)
  const { running, leader } = await begin('obedient', { timeoutMs: 5000 }, around)
  await ground.clock.advance(200)
  const error = await running.join()
  expect(error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 200 })
  expect(error).not.toBeInstanceOf(RunTimeoutError)
  expect(isAlive(leader)).toBe(false)
})

test('the failure of a sibling in a group ends the program', async () => {
  const around: Around = (body) =>
    group(async (children) => {
      children.spawn(body)
      children.spawn(async () => {
        await numbersFrom(join(folder.path, 'pids'), 1)
        throw new Error('sibling')
      })
    })
  const { running, leader } = await begin('obedient', {}, around)
  expect(await running.join()).toMatchObject({ code: 'GROUP', errors: [{ message: 'sibling' }] })
  expect(isAlive(leader)).toBe(false)
})

test('in a cancelled coroutine nothing is started', async () => {
  const path = join(folder.path, 'pids')
  const running = outcome(async () => {
    running.shutdown()
    await run('sh', ['-c', 'echo 1 >"$1"', 'sh', path])
  })
  expect(await running.join()).toMatchObject({ code: 'SHUTDOWN' })
  // It would have written by the time this one has.
  await run('sh', ['-c', 'echo 2 >>"$1"', 'sh', path])
  expect(await numbersFrom(path, 1)).toEqual([2])
})

test('after a cancelled run the next one runs', async () => {
  const { running } = await begin('obedient')
  running.interrupt()
  await running.join()
  expect(await run('echo', ['next'])).toMatchObject({ code: 0, stdout: Buffer.from('next\n') })
})
