import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import { runExample } from './example.js'

/** What a pattern prints; it must end by itself, and say nothing on stderr. */
async function output(pattern: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runExample(`patterns/${pattern}`, ...args)
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return stdout
}

test('a dictionary with one owner loses no deposit of a hundred coroutines', async () => {
  expect(await output('owner')).toBe('ada 200, grace 100, alan 0\n')
})

test('a file larger than its fifo is read to the end while the fifo keeps its limit', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'lines')
  await writeFile(path, 'twelve chars\n'.repeat(1000))
  expect(await output('file-to-fifo', path)).toBe(
    '1000 lines, 12000 characters\nat most 16 lines waited in a fifo of 16\n',
  )
})

test('a file that is not there ends the worker that waits for its lines', async () => {
  const { code, stdout, stderr } = await runExample('patterns/file-to-fifo', 'no-such-file')
  expect(stderr).toContain('ENOENT')
  expect(stdout).toBe('')
  expect(code).toBe(1)
})

test('every number of three producers reaches one of two consumers, once', async () => {
  const lines = (await output('producer-consumer')).split('\n')
  expect(lines.sort()).toEqual([
    '',
    '30 numbers, sum 435',
    expect.stringMatching(/^one took \d+$/),
    expect.stringMatching(/^the other took \d+$/),
  ])
})

test('select takes what comes, rings when nothing does, and sends only where there is room', async () => {
  expect((await output('select')).split('\n')).toEqual([
    'order: tea',
    'complaint: the tea is cold',
    'order: coffee',
    'nobody came for 50 ms: ring the bell',
    'order: cake',
    'a tip of 5',
    'the jar is full: no tip of 10',
    '',
  ])
})

test('the sieve gives the primes in order, with a coroutine for each, and ends', async () => {
  expect(await output('prime-sieve', '10')).toBe('2 3 5 7 11 13 17 19 23 29\n11 coroutines\n')
})

test('every philosopher eats, and lays the forks down when dinner is over', async () => {
  const lines = (await output('dining-philosophers', '300')).split('\n')
  const meals = lines.slice(0, 5).map((line) => Number(/^\w+ +(\d+) meals$/.exec(line)?.[1]))
  for (const count of meals) expect(count).toBeGreaterThan(0)
  expect(lines.slice(5)).toEqual(['forks still held: 0', ''])
})
