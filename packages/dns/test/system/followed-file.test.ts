import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TemporaryFolder, temporaryFolder } from '@shrapnel/test-support'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FollowedFile } from '../../src/system/followed-file.js'

let folder: TemporaryFolder
let path: string
let time: number
let reads: number

beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'file')
  time = 0
  reads = 0
})
afterEach(() => folder.remove())

const follow = (options: { isFinal?: (text: string) => boolean } = {}): FollowedFile<string> =>
  new FollowedFile({
    path,
    maxBytes: 100,
    now: () => time,
    parse: (text) => {
      reads++
      return text
    },
    ...options,
  })

/** Written long ago, so that one look is enough. */
function write(text: string, ageSeconds = 100): void {
  writeFileSync(path, text)
  const then = Date.now() / 1_000 - ageSeconds
  utimesSync(path, then, then)
}

test('a file that changes is seen a second later, and not looked at before', () => {
  write('one')
  const file = follow()
  expect(file.current).toBe('one')
  write('two')
  time = 999
  expect(file.current).toBe('one')
  time = 1_000
  expect(file.current).toBe('two')
})

test('a file that another is renamed over is seen', () => {
  write('one')
  const file = follow()
  expect(file.current).toBe('one')
  writeFileSync(`${path}.new`, 'two')
  renameSync(`${path}.new`, path)
  time += 1_000
  expect(file.current).toBe('two')
})

test('a symlink that is turned to another file is seen, as Kubernetes does it', () => {
  for (const [name, text] of [
    ['1', 'one'],
    ['2', 'two'],
  ] as const)
    writeFileSync(`${path}.${name}`, text)
  symlinkSync(`${path}.1`, path)
  const file = follow()
  expect(file.current).toBe('one')
  symlinkSync(`${path}.2`, `${path}.link`)
  renameSync(`${path}.link`, path)
  time += 1_000
  expect(file.current).toBe('two')
})

test('a change that leaves size and time as they were is seen when the file is new', () => {
  const now = Date.now() / 1_000
  writeFileSync(path, 'one')
  utimesSync(path, now, now)
  const file = follow()
  expect(file.current).toBe('one')
  writeFileSync(path, 'two')
  utimesSync(path, now, now)
  time += 1_000
  expect(file.current).toBe('two')
})

test('the same text is not parsed again, and is the same value', () => {
  write('one')
  const file = follow()
  const { version } = file
  expect(file.current).toBe('one')
  const before = reads
  write('one', 50)
  time += 1_000
  expect(file.current).toBe('one')
  expect(reads).toBe(before)
  expect(file.version).toBe(version + 1)
})

test('a file that is not there is an empty one, and is found when it comes', () => {
  const file = follow()
  expect(file.current).toBe('')
  expect(file.failure).toBeUndefined()
  write('one')
  time += 1_000
  expect(file.current).toBe('one')
})

test('a file that goes, or is emptied, is believed to be empty the second time', () => {
  write('one')
  const file = follow()
  expect(file.current).toBe('one')
  unlinkSync(path)
  time += 1_000
  expect(file.current).toBe('one')
  time += 1_000
  expect(file.current).toBe('')
  write('two')
  time += 1_000
  expect(file.current).toBe('two')
  write('')
  time += 1_000
  expect(file.current).toBe('two')
  write('three')
  time += 1_000
  expect(file.current).toBe('three')
})

function replaceBy(make: (path: string) => void): void {
  rmSync(path)
  make(path)
}

const broken: readonly (readonly [why: string, breakIt: () => void, message: RegExp])[] = [
  ['too long', () => write('x'.repeat(101)), /has 101 bytes: more than 100/],
  ['a folder', () => replaceBy(mkdirSync), /is no plain file/],
  ['a loop of symlinks', () => replaceBy((at) => symlinkSync(at, at)), /ELOOP/],
]
test.each(broken)(
  'a file that is %s leaves what was read before, and is read when it is good again',
  (_, breakIt, message) => {
    write('one')
    const file = follow()
    expect(file.current).toBe('one')
    breakIt()
    time += 1_000
    expect(file.current).toBe('one')
    expect(String(file.failure)).toMatch(message)
    rmSync(path, { recursive: true })
    write('two')
    time += 1_000
    expect(file.current).toBe('two')
    expect(file.failure).toBeUndefined()
  },
)

test('a file that says that it is final is read once', () => {
  write('final')
  const file = follow({ isFinal: (text) => text === 'final' })
  expect(file.current).toBe('final')
  write('two')
  time += 10_000
  expect(file.current).toBe('final')
})
