// Programs that watch a folder: each case is one. Usage: watches.mjs <case>
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread, Worker } from 'node:worker_threads'
import { setExit, setLatencyWarning, sleep, spawn, watch } from '@shrapnel/core'

// A slow machine is no part of what is tested.
setLatencyWarning(Number.POSITIVE_INFINITY)

const name = isMainThread ? process.argv[2] : 'somebody waits'
// Root may read everything.
if (name === 'may not read everything' && process.getuid() === 0) process.setuid(65_534)
const folder = mkdtempSync(join(tmpdir(), 'shrapnel-'))
const at = (each) => join(folder, each)
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

function attempt(fn) {
  try {
    return fn()
  } catch (error) {
    console.log(
      `${error.code} ${error.syscall} ${error.message.replaceAll(folder, '').replaceAll(/\d+/g, '#')}`,
    )
  }
}

const cases = {
  'nobody waits': () => {
    watch(folder)
  },

  'somebody waits': () => {
    const watcher = watch(folder)
    spawn({ daemon: true }, async () => {
      await sleep(50)
      writeFileSync(at('f'), '')
    })
    spawn(async () => console.log((await watcher.next()).type))
  },

  'a daemon waits': () => {
    const watcher = watch(folder)
    spawn({ daemon: true }, () => watcher.next())
  },

  'exits while somebody waits': () => {
    const one = watch(folder)
    const other = watch(folder)
    spawn(async () => {
      for await (const event of one) console.log(event)
      console.log('the loop ended')
    })
    spawn(async () => {
      await attempt(() => other.next())?.catch((error) => console.log(error.code))
    })
    spawn(() => setExit(3))
  },

  'watches in a worker': () => {
    new Worker(new URL(import.meta.url))
  },

  // For a user namespace that allows four watches and two queues of them.
  'meets the limits': async () => {
    mkdirSync(at('a/b/c/d'), { recursive: true })
    attempt(() => watch(folder, { recursive: true }))
    rmSync(at('a/b/c'), { recursive: true })
    const watcher = watch(folder, { recursive: true })
    mkdirSync(at('a/b/c/d'), { recursive: true })
    try {
      for await (const { type, path } of watcher) console.log(type, path.replace(folder, ''))
    } catch (error) {
      console.log(error.code, error.path.replace(folder, ''), watcher.isClosed)
    }
    const others = [watch(folder), watch(folder)]
    attempt(() => watch(folder))
    for (const each of others) each.close()
    watch(folder, { maxQueuedEvents: 1 }).close()
  },

  'may not read everything': async () => {
    mkdirSync(at('a/b'), { recursive: true })
    chmodSync(at('a'), 0)
    attempt(() => watch(at('a')))
    const watcher = watch(folder, { recursive: true })
    chmodSync(at('a'), 0o700)
    const seen = []
    while (!seen.includes('create /a/b')) {
      const { type, path } = await watcher.next()
      seen.push(`${type} ${path.replace(folder, '')}`)
    }
    console.log(seen.join(', '))
    writeFileSync(at('a/b/f'), '')
    console.log((await watcher.next()).path.replace(folder, ''))
    chmodSync(at('a/b'), 0)
    chmodSync(at('a/b'), 0o700)
    appendFileSync(at('a/b/f'), 'more')
    for (let type = ''; type !== 'modify'; ) type = (await watcher.next()).type
    console.log('goes on')
  },
}

await cases[name]()
