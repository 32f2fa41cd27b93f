/**
 * A file read into a bounded Fifo: one coroutine reads, another works on the lines. The reader waits whenever
 * the worker is behind by as many lines as the Fifo holds, so a file of any size takes the memory of a small
 * one.
 *
 *   node examples/dist/patterns/file-to-fifo.js [file]
 */
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import * as coro from '@shrapnel/core'

const path = process.argv[2] ?? fileURLToPath(import.meta.url)
const LIMIT = 16
const lines = new coro.Fifo<string>(LIMIT)

async function read() {
  const file = await open(path)
  for await (const line of file.readLines()) await lines.push(line)
  lines.close()
}

async function work() {
  const seen = { lines: 0, characters: 0, mostWaiting: 0 }
  for await (const line of lines) {
    seen.lines++
    seen.characters += line.length
    seen.mostWaiting = Math.max(seen.mostWaiting, lines.size)
    await coro.yieldSlice()
  }
  return seen
}

// In a group, because a reader that fails must not leave the worker waiting for ever.
const seen = await coro.group(async (group) => {
  group.spawn(read)
  return work()
})
console.log(`${seen.lines} lines, ${seen.characters} characters`)
console.log(`at most ${seen.mostWaiting} lines waited in a fifo of ${LIMIT}`)
