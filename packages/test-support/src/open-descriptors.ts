/**
 * The descriptors that this process has open, and the expectation that a piece of work leaves none behind. They belong
 * to the whole process: other worker threads' are seen too, so run such tests in a process of their own (vitest's
 * `forks`, one file at a time in each) and not beside other work. TCP connections that the kernel closes later
 * (TIME_WAIT) are no descriptors and do not count.
 */
import { AssertionError } from 'node:assert/strict'
import { fstatSync, readdirSync, readlinkSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'

/** Handles close in a later turn of the loop; an honest close needs two or three. */
const MAX_SETTLE_TURNS = 50

export interface OpenDescriptor {
  readonly fd: number
  /** What it is, in the kernel's words: `socket:[4711]`, `anon_inode:[eventpoll]`, a path. `unknown` outside Linux. */
  readonly target: string
}

/** All of them, by number, without the one that the listing itself needs. */
export function openDescriptors(): OpenDescriptor[] {
  const folder = process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd'
  const descriptors: OpenDescriptor[] = []
  for (const name of readdirSync(folder)) {
    const fd = Number(name)
    if (isOpen(fd)) descriptors.push({ fd, target: targetOf(`${folder}/${name}`) })
  }
  return descriptors.sort((a, b) => a.fd - b.fd)
}

export interface DescriptorLeakOptions {
  /** Runs before the count starts: Node opens some descriptors at first use and keeps them (the signal pipe). */
  readonly warmUpRounds?: number | undefined
}

/**
 * Runs `fn` and asserts that afterwards the same descriptors are open as before; else the error names what leaked and
 * what was closed that `fn` did not open. By default `fn` runs twice, and only the second run counts.
 */
export async function expectNoDescriptorLeak(
  fn: () => unknown,
  { warmUpRounds = 1 }: DescriptorLeakOptions = {},
): Promise<void> {
  for (let round = 0; round < warmUpRounds; round++) await fn()
  await turns(MAX_SETTLE_TURNS)
  const before = openDescriptors()
  await fn()
  let difference = compare(before, openDescriptors())
  for (let left = MAX_SETTLE_TURNS; left > 0 && difference !== ''; left--) {
    await turn()
    difference = compare(before, openDescriptors())
  }
  if (difference !== '') throw new AssertionError({ message: difference })
}

/** In words; '' if there is no difference. */
function compare(before: readonly OpenDescriptor[], after: readonly OpenDescriptor[]): string {
  const leaked = withoutThose(after, before)
  const missing = withoutThose(before, after)
  const lines: string[] = []
  if (leaked.length > 0) lines.push(`${leaked.length} descriptor(s) leaked: ${listed(leaked)}`)
  if (missing.length > 0) lines.push(`${missing.length} descriptor(s) of others closed: ${listed(missing)}`)
  return lines.join('\n')
}

function withoutThose(
  descriptors: readonly OpenDescriptor[],
  known: readonly OpenDescriptor[],
): OpenDescriptor[] {
  return descriptors.filter(
    ({ fd, target }) => !known.some((other) => other.fd === fd && other.target === target),
  )
}

function listed(descriptors: readonly OpenDescriptor[]): string {
  return descriptors.map(({ fd, target }) => `${fd} (${target})`).join(', ')
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd)
    return true
  } catch {
    return false
  }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return 'unknown'
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}
