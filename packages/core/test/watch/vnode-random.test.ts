/** Whatever happens to files, and whenever the kernel says so, the events lead from what was there to what is there. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ATTRIBUTES, MOVED, REMOVED, WRITTEN } from '../../src/watch/vnode-files.js'
import { VnodeSource } from '../../src/watch/vnode-source.js'
import { FakeFiles } from './fake-files.js'
import { Mirror } from './mirror.js'

const NAMES = ['a', 'b', 'c']
const ACTS = [
  'write',
  'append',
  'mkdir',
  'unlink',
  'rename',
  'link',
  'chmod',
  'exchange',
  'moveOut',
  'moveIn',
] as const
const WHEN = ['now', 'during the next list', 'during the next add', 'during the next take'] as const

/** An act on the names that there are, chosen by number, and when it happens. */
const act = fc.record({
  // Names that change places are the hard part.
  act: fc.constantFrom(...ACTS, 'rename', 'rename', 'rename', 'mkdir'),
  when: fc.constantFrom('now', ...WHEN),
  first: fc.nat(50),
  second: fc.nat(50),
  name: fc.constantFrom(...NAMES),
})
const command = fc.oneof(
  { weight: 20, arbitrary: act },
  { weight: 3, arbitrary: fc.constant('look' as const) },
  { weight: 1, arbitrary: fc.constantFrom('hold' as const, 'release' as const) },
)
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never

const pick = (list: readonly string[], number: number): string => list[number % list.length] ?? ''
const withoutSlash = (path: string): string => path.replace(/\/$/, '')
const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)

/** What is not possible does not happen. */
function perform(files: FakeFiles, { act, first, second, name }: Act): void {
  const all = files.paths()
  const plain = all.filter((path) => !path.endsWith('/'))
  const folders = ['', ...all.filter((path) => path.endsWith('/'))]
  const outside = files.paths(files.outside)
  const there = withoutSlash(pick(all, first))
  const free = pick(folders, second) + name
  const taken = all.find((path) => withoutSlash(path) === free)
  const isEmpty = taken === undefined || !all.some((path) => path !== taken && isBelow(path, free))
  if (act === 'write') {
    if (taken === undefined) files.write(free, first % 3)
  } else if (act === 'mkdir') {
    if (taken === undefined && free.split('/').length < 4) files.mkdir(free)
  } else if (act === 'moveIn') {
    const from = pick(
      outside.filter((path) => /^\w+\/?$/.test(path)),
      first,
    ).replace(/\/$/, '')
    if (taken === undefined && from !== '') files.rename(`../outside/${from}`, free)
  } else if (there === '') {
    return
  } else if (act === 'append' || act === 'link') {
    const from = pick(plain, first)
    if (act === 'append' && from !== '') files.write(from, 1)
    if (act === 'link' && from !== '' && taken === undefined) files.link(from, free)
  } else if (act === 'unlink') {
    files.unlink(there)
  } else if (act === 'chmod') {
    files.chmod(there, second)
  } else if (act === 'exchange') {
    const other = withoutSlash(pick(all, second))
    if (!isBelow(there, other) && !isBelow(other, there)) files.exchange(there, other)
  } else if (act === 'moveOut') {
    if (!outside.some((path) => isBelow(withoutSlash(path), name))) files.rename(there, `../outside/${name}`)
  } else if (act === 'rename') {
    const isSameKind = taken === undefined || taken.endsWith('/') === all.includes(`${there}/`)
    if (isEmpty && isSameKind && !isBelow(free, there)) files.rename(there, free)
  }
}

test('the events lead from what was there to what is there', () => {
  const property = fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
    const files = new FakeFiles()
    for (const path of ['a', 'b', 'a/a', 'a/b', 'b/a']) files.mkdir(path)
    files.write('a/c', 1)
    const mirror = new Mirror('/top', files.paths().map(withoutSlash))
    const log: string[] = []
    let ending: unknown
    const sink = {
      push: (event: Parameters<Mirror['apply']>[0]) => {
        log.push(JSON.stringify(event))
        mirror.apply(event)
      },
      end: () => {},
      fail: (error: unknown) => {
        ending = error
      },
    }
    const target = { path: '/top', real: '/top', isDirectory: true, isRecursive: true }
    const id = files.open(WRITTEN | ATTRIBUTES | MOVED | REMOVED)
    const source = new VnodeSource(target, sink, files, id, () => {})
    const later: Act[] = []
    files.onCall = (call) => {
      const due = later.filter(({ when }) => when.endsWith(call))
      for (const each of due) {
        later.splice(later.indexOf(each), 1)
        perform(files, each)
      }
    }
    for (const each of commands) {
      if (each === 'look') source.read()
      else if (each === 'hold') files.hold()
      else if (each === 'release') files.release()
      else if (each.when === 'now') perform(files, each)
      else later.push(each)
    }
    files.release()
    files.onCall = () => {}
    for (let i = 0; i < 5; i++) source.read()
    if (ending !== undefined) throw new Error(`${log.join('\n')}`, { cause: ending })
    expect([...mirror.paths].sort()).toEqual(
      files
        .paths()
        .map((path) => path.replace(/\/$/, ''))
        .sort(),
    )
    expect(files.openCount).toBe(mirror.paths.size + 1)
    source.close()
    expect(files.openCount).toBe(0)
  })
  fc.assert(property, { numRuns: 1_500 })
})
