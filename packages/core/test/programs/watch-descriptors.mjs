// Watchers and the descriptors of a process. Usage: watch-descriptors.mjs <case>; `few` is to be started with a small limit.
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { watch } from '@shrapnel/core'

const folder = isMainThread ? mkdtempSync(join(tmpdir(), 'shrapnel-')) : workerData
if (isMainThread) process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const fill = (count, prefix) => {
  for (let i = 0; i < count; i++) writeFileSync(join(folder, `${prefix}${i}`), '')
}
const openCount = () => readdirSync('/dev/fd').length

const cases = {
  few: async () => {
    fill(300, 'a')
    // Opens what Node keeps for it.
    console.log('begins')
    const before = openCount()
    try {
      watch(folder).close()
      console.log('watched')
    } catch (error) {
      console.log(
        error.code,
        error.syscall,
        error.message.includes('ulimit -n'),
        error.message.includes('256 open'),
      )
    }
    console.log('left open', openCount() - before)
    for (let i = 5; i < 300; i++) rmSync(join(folder, `a${i}`))
    const watcher = watch(folder)
    appendFileSync(join(folder, 'a1'), 'more')
    console.log((await watcher.next()).type)
    fill(300, 'b')
    let created = 0
    try {
      while (created < 300) if ((await watcher.next()).type === 'create') created++
      watcher.close()
      console.log('watched')
    } catch (error) {
      console.log(error.code, error.syscall, watcher.isClosed)
    }
    console.log('left open', openCount() - before)
  },

  'threads that end': async () => {
    fill(50, 'a')
    const round = async (isTerminated) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: folder })
      await new Promise((resolve) => worker.once('message', resolve))
      const ended = new Promise((resolve) => worker.once('exit', resolve))
      if (isTerminated) await worker.terminate()
      else worker.postMessage('end')
      await ended
    }
    await round(true)
    const before = openCount()
    for (const isTerminated of [true, false, true, false]) await round(isTerminated)
    console.log('left open', openCount() - before)
  },
}

if (isMainThread) {
  await cases[process.argv[2]]()
} else {
  globalThis.kept = watch(folder, { recursive: true })
  parentPort.once('message', () => process.exit())
  parentPort.postMessage('watching')
}
