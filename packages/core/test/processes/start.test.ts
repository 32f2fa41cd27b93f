/** Processes that were started: their streams, their end, and how they are ended. */
import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expectNoDescriptorLeak, temporaryFolder } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  BufferedReader,
  inParallel,
  Pipe,
  Process,
  pipe,
  socketPair,
  spawn,
  start,
  tcp,
  withTimeout,
} from '../../src/index.js'
import { native } from '../../src/native.js'
import { drain, failureOf, outcomeOf, tcpPair, untilIn } from '../net/connections.js'
import {
  isAlive,
  numbersFrom,
  plainEnvironment,
  scripts,
  textOf,
  untilGone,
  untilTrue,
  zombies,
} from './children.js'

let folder: string
let remove: () => Promise<void>
let files = 0

beforeAll(async () => {
  const temporary = await temporaryFolder()
  folder = temporary.path
  remove = () => temporary.remove()
})
afterAll(() => remove())

const sh = (script: string, ...args: string[]) => start('sh', ['-c', script, 'sh', ...args])

/** One of the scripts, started and ready, with the pids it wrote. */
async function ready(script: keyof typeof scripts): Promise<{ child: Process; pids: number[] }> {
  const path = join(folder, `pids-${++files}`)
  const child = start('sh', ['-c', scripts[script], 'sh', path], { stdout: 'ignore', stderr: 'ignore' })
  return { child, pids: await numbersFrom(path, script.includes('grandchild') ? 2 : 1) }
}

/** Numbers that are open, found without opening any. */
const OPEN = 'i=0; while [ $i -lt 300 ]; do [ -e /proc/$$/fd/$i ] && echo -n "$i "; i=$((i + 1)); done; echo'

function closePipes({ stdin, stdout, stderr }: Process): void {
  for (const stream of [stdin, stdout, stderr]) stream?.close()
}

test('one talks with a process over its streams', async () => {
  const child = start('cat')
  expect(child).toBeInstanceOf(Process)
  expect(child.stdin).toBeInstanceOf(Pipe)
  const lines = new BufferedReader(child.stdout)
  for (const word of ['one', 'two']) {
    await child.stdin.send(`${word}\n`)
    expect(await lines.readLine()).toBe(word)
  }
  expect([child.isRunning, child.exitStatus]).toEqual([true, null])
  child.stdin.close()
  expect(await child.wait()).toEqual({ code: 0, signal: null })
  expect([child.isRunning, child.exitStatus]).toEqual([false, { code: 0, signal: null }])
  expect(await drain(child.stderr)).toHaveLength(0)
  closePipes(child)
})

test('the child blocks on its pipes though we do not', async () => {
  await using child = sh('sleep 0.05; cat /proc/self/fdinfo/0 /proc/self/fdinfo/1 | grep flags')
  const flags = String(await drain(child.stdout)).match(/0\d+/g) ?? []
  expect(flags).toHaveLength(2)
  for (const each of flags) expect(Number.parseInt(each, 8) & 0o4000).toBe(0)
})

test('a process that is not read from is stopped by the full pipe, and goes on when it is', async () => {
  await using child = sh('yes | head -c 3000000; echo done >&2')
  const last = spawn(() => child.stderr.recv())
  await untilIn(last, 'recv')
  expect(child.isRunning).toBe(true)
  expect(await drain(child.stdout)).toHaveLength(3_000_000)
  expect(String(await last.join())).toBe('done\n')
})

test('sending to a process that has closed its input is EPIPE, and no signal to us', async () => {
  await using child = sh('exec <&-; echo closed; exec sleep 1000')
  await child.stdout.recv()
  expect(await failureOf(() => child.stdin.send('x'))).toMatchObject({ code: 'EPIPE' })
})

test('all who wait hear of the end, and who comes later too', async () => {
  const child = start('cat')
  const waiting = Array.from({ length: 3 }, (_, i) => spawn({ name: `waiter ${i}` }, () => child.wait()))
  for (const each of waiting) await untilIn(each, `process ${child.pid} (cat)`)
  waiting[1]?.interrupt()
  expect(await outcomeOf(waiting[1] as (typeof waiting)[0])).toMatchObject({ code: 'INTERRUPTED' })
  expect(child.isRunning).toBe(true)
  child.stdin.close()
  const status = { code: 0, signal: null }
  expect(await outcomeOf(waiting[0] as (typeof waiting)[0])).toEqual(status)
  expect(await outcomeOf(waiting[2] as (typeof waiting)[0])).toEqual(status)
  expect(await child.wait()).toEqual(status)
  expect(await child.wait()).toEqual(status)
  closePipes(child)
})

test('a timeout around wait leaves the process, which can be waited for again', async () => {
  await using child = start('cat')
  expect(await failureOf(() => withTimeout(5, () => child.wait()))).toMatchObject({ code: 'TIMEOUT' })
  child.stdin.close()
  expect(await child.wait()).toEqual({ code: 0, signal: null })
})

test('a process that nobody waits for leaves no zombie', async () => {
  const child = start('true')
  await untilTrue(() => !child.isRunning)
  expect(child.exitStatus).toEqual({ code: 0, signal: null })
  expect(zombies()).toEqual([])
  closePipes(child)
})

test('a process that ended before anything looked is known to have ended', async () => {
  const child = start('true')
  // No turn of the loop meanwhile.
  for (const end = performance.now() + 50; performance.now() < end; );
  expect(await child.wait()).toEqual({ code: 0, signal: null })
  closePipes(child)
})

test('kill sends the signal to the group, and false when the process has ended', async () => {
  const { child, pids } = await ready('with a stubborn grandchild')
  expect(child.kill(0)).toBe(true)
  expect(child.kill('SIGKILL')).toBe(true)
  expect(await child.wait()).toEqual({ code: null, signal: 'SIGKILL' })
  for (const pid of pids) await untilGone(pid)
  expect([child.kill(), child.kill('SIGKILL'), child.kill(0)]).toEqual([false, false, false])
  closePipes(child)
})

test('in a shared group the signal goes to the process alone', async () => {
  const path = join(folder, 'shared')
  const child = start('sh', ['-c', scripts['with a stubborn grandchild'], 'sh', path], {
    group: 'shared',
    stdout: 'ignore',
    stderr: 'ignore',
  })
  const [leader = 0, second = 0] = await numbersFrom(path, 2)
  expect(groupOf(leader)).toBe(groupOf(process.pid))
  child.kill('SIGKILL')
  expect(await child.wait()).toEqual({ code: null, signal: 'SIGKILL' })
  expect(isAlive(second)).toBe(true)
  process.kill(second, 'SIGKILL')
  await untilGone(second)
  closePipes(child)
})

test('a process leads a group of its own', async () => {
  const { child, pids } = await ready('obedient')
  expect(groupOf(child.pid)).toBe(child.pid)
  expect(pids).toEqual([child.pid])
  await child.stop()
  closePipes(child)
})

/** The fifth word of stat(5), behind the name in brackets. */
function groupOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2])
}

test('stop ends an obedient process with SIGTERM and gives how it ended', async () => {
  const { child } = await ready('obedient')
  expect(await child.stop()).toEqual({ code: null, signal: 'SIGTERM' })
  expect(await child.stop()).toEqual({ code: null, signal: 'SIGTERM' })
  closePipes(child)
})

test('stop ends a stopped process with SIGTERM too', async () => {
  const { child } = await ready('obedient')
  child.kill('SIGSTOP')
  await untilTrue(() => /^T/m.test(textOf(`/proc/${child.pid}/stat`).replace(/^.*\) /, '')))
  expect(await child.stop({ graceMs: 60_000 })).toEqual({ code: null, signal: 'SIGTERM' })
  closePipes(child)
})

test('stop kills a process that ignores SIGTERM when the grace is over', async () => {
  const { child } = await ready('stubborn')
  const [first, second] = await inParallel([
    () => child.stop({ graceMs: 20 }),
    () => child.stop({ graceMs: 30 }),
  ])
  expect([first, second]).toEqual(Array(2).fill({ code: null, signal: 'SIGKILL' }))
  closePipes(child)
})

test('stop kills what an obedient process leaves of its group', async () => {
  const { child, pids } = await ready('with a stubborn grandchild')
  expect(await child.stop({ graceMs: 60_000 })).toEqual({ code: null, signal: 'SIGTERM' })
  await untilGone(pids[1] as number)
  closePipes(child)
})

test('stop works in a coroutine that was cancelled, and its end is waited for', async () => {
  const { child } = await ready('stubborn')
  const owner = spawn(async () => {
    try {
      await child.wait()
    } finally {
      await child.stop({ graceMs: 10 })
    }
  })
  await untilIn(owner, 'process')
  owner.shutdown()
  expect(await outcomeOf(owner)).toMatchObject({ code: 'SHUTDOWN' })
  expect(child.exitStatus).toEqual({ code: null, signal: 'SIGKILL' })
  closePipes(child)
})

test('await using stops the process and closes its pipes', async () => {
  let seen: Process
  {
    await using child = start('sleep', ['1000'])
    seen = child
    expect(isAlive(child.pid)).toBe(true)
  }
  expect(seen.exitStatus).toEqual({ code: null, signal: 'SIGTERM' })
  for (const stream of [seen.stdin, seen.stdout, seen.stderr]) expect(stream?.isClosed).toBe(true)
})

test('streams may be nothing, ours, or any descriptor, and are null then', async () => {
  const path = join(folder, 'output')
  const file = openSync(path, 'w')
  const child = start('sh', ['-c', 'cat; echo to the file; echo to both >&2; cat <&0'], {
    stdin: 'ignore',
    stdout: file,
    stderr: { fd: file },
  })
  closeSync(file)
  expect([child.stdin, child.stdout, child.stderr]).toEqual([null, null, null])
  expect(await child.wait()).toMatchObject({ code: 0 })
  expect(readFileSync(path, 'utf8')).toBe('to the file\nto both\n')
  const inherits = start('sh', ['-c', 'readlink /proc/self/fd/2 >&3'], {
    stderr: 'inherit',
    descriptors: [openSync(path, 'w')],
  })
  expect(await inherits.wait()).toMatchObject({ code: 0 })
  expect(readFileSync(path, 'utf8')).toBe(`${readlinkSync('/proc/self/fd/2')}\n`)
  closePipes(inherits)
})

test('a child has its three streams and what it was given, whatever else is open here', async () => {
  const [near, far] = socketPair()
  using listener = tcp.listen({ port: 0 })
  const plain = openSync('/dev/null', 'r')
  // Before: its 3 does not block, as ours does not.
  await near.send('through 3\n')
  await using child = start('sh', ['-c', `${OPEN}; read line <&3; echo "$line"; echo back >&4`], {
    descriptors: [far, far],
  })
  expect(String(await drain(child.stdout))).toBe('0 1 2 3 4 \nthrough 3\n')
  expect(String(await near.recv())).toBe('back\n')
  await child.wait()
  // Ours are still ours.
  expect([far.isClosed, listener.isClosed]).toEqual([false, false])
  await near.send('still')
  expect(String(await far.recv())).toBe('still')
  near.close()
  far.close()
  closeSync(plain)
})

test.each([
  ['the other way round', [4, 3]],
  ['as they are', [3, 4]],
  ['one of them twice', [3, 3]],
  ['on to each other in a circle', [5, 3, 4]],
])('descriptors whose numbers are also targets arrive %s', async (_, order) => {
  // In a child, where the low numbers are known: 3, 4 and 5 are files that say which they are.
  const paths = [3, 4, 5].map((number) => {
    const path = join(folder, `is-${number}`)
    closeSync(openSync(path, 'w'))
    return path
  })
  const program = `
    import { start } from '@shrapnel/core'
    const child = start('sh', ['-c', 'for fd in ${order.map((__, i) => i + 3).join(' ')}; do readlink /proc/$$/fd/$fd; done'],
      { stdin: 'ignore', stdout: 'inherit', stderr: 'inherit', descriptors: [${order}] })
    process.exitCode = (await child.wait()).code`
  await using outer = start(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: new URL('../..', import.meta.url).pathname,
    stdin: 'ignore',
    descriptors: paths.map((path) => openSync(path, 'r')),
  })
  const [stdout, stderr] = await inParallel([() => drain(outer.stdout), () => drain(outer.stderr)])
  expect(String(stderr)).toBe('')
  expect(String(stdout).trimEnd().split('\n')).toEqual(order.map((number) => join(folder, `is-${number}`)))
})

test('a listener is handed down and accepted from by the child', async () => {
  const { client, server } = await tcpPair()
  await using child = start('sh', ['-c', 'echo from the child >&3'], { descriptors: [server] })
  server.close()
  expect(String(await drain(client))).toBe('from the child\n')
  client.close()
  await child.wait()
})

test('signals that this process ignores or blocks have their default effect in the child', async () => {
  const ignore = (): void => {}
  process.on('SIGUSR2', ignore)
  await using child = start('cat', ['/proc/self/status'], { env: plainEnvironment })
  const status = String(await drain(child.stdout))
  // 32 and 33 are the C library's own, which it sees to.
  const masks = ['SigBlk', 'SigIgn', 'SigCgt'].map((name) => {
    const mask = BigInt(`0x${new RegExp(`${name}:\\s*(\\w+)`).exec(status)?.[1]}`)
    return mask & ~0x1_8000_0000n
  })
  expect(masks).toEqual([0n, 0n, 0n])
  process.off('SIGUSR2', ignore)
})

test('two hundred at once end, each with its own code, and leave no zombie and no descriptor', {
  timeout: 30_000,
}, async () => {
  await expectNoDescriptorLeak(
    async () => {
      const before = native.openCount()
      const children = Array.from({ length: 200 }, (_, i) =>
        start('sh', ['-c', `exit ${i}`], { stderr: 'ignore' }),
      )
      // Two pipes, and what tells of the end unless it has.
      expect(native.openCount()).toBe(before + 3 * 200)
      const statuses = await inParallel(children.map((child) => () => child.wait()))
      expect(statuses.map(({ code }) => code)).toEqual(Array.from({ length: 200 }, (_, i) => i))
      expect(native.openCount()).toBe(before + 2 * 200)
      for (const child of children) closePipes(child)
      expect(native.openCount()).toBe(before)
    },
    { warmUpRounds: 0 },
  )
  expect(zombies()).toEqual([])
})

test('a process whose status someone else took says so', async () => {
  const child = start('cat')
  const { reap } = native
  native.kill(child.pid, 9)
  // As an addon may that waits for any child.
  expect(reap(child.pid)).toBe(256 + 9)
  expect(await failureOf(() => child.wait())).toMatchObject({ code: 'ECHILD', syscall: 'waitpid' })
  expect(child.kill()).toBe(false)
  closePipes(child)
})

test('a pipe between two processes is theirs alone', async () => {
  const { reader, writer } = pipe()
  const first = start('sh', ['-c', 'echo one two'], { stdin: 'ignore', stdout: writer, stderr: 'inherit' })
  await using second = start('wc', ['-w'], { stdin: reader })
  reader.close()
  writer.close()
  expect(String(await drain(second.stdout)).trim()).toBe('2')
  expect(await first.wait()).toMatchObject({ code: 0 })
})
