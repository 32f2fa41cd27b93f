// Changes a small tree of files at random, as fast as it can. Usage: stirs-files.mjs <folder> <seed> <how many changes>
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '@shrapnel/test-support'

const [folder, seed, count] = process.argv.slice(2)
const random = seededRandom(Number(seed))
const below = (limit) => Math.floor(limit * random())
const letter = () => 'abc'[below(3)]
const inside = () => Array.from({ length: 1 + below(3) }, letter).join('/')
const path = () => join(folder, below(10) === 0 ? `../outside/${letter()}` : inside())

const changes = [
  () => writeFileSync(path(), 'x'),
  () => mkdirSync(path()),
  () => mkdirSync(path(), { recursive: true }),
  () => rmSync(path(), { recursive: true }),
  () => renameSync(path(), path()),
  () => renameSync(path(), path()),
  () => renameSync(path(), path()),
]
for (let i = 0; i < Number(count); i++) {
  try {
    changes[below(changes.length)]()
  } catch {
    // Random changes may make no sense.
  }
}
