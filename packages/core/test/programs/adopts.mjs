// Takes over descriptor 0, whatever it is, and answers what comes in on descriptor 1 with what it is in front.
import { readFileSync } from 'node:fs'
import { isatty } from 'node:tty'
import { fromDescriptor, withTimeout } from '@shrapnel/core'

const flags = () =>
  Number.parseInt(/flags:\s+(\d+)/.exec(readFileSync('/proc/self/fdinfo/0', 'latin1'))?.[1] ?? '0', 8)
const O_NONBLOCK = 0o4000

const kind = isatty(0) ? 'terminal' : 'plain'
const input = fromDescriptor(0)
const shared = (flags() & O_NONBLOCK) !== 0 ? 'non-blocking' : 'blocking'
for (;;) {
  const block = await withTimeout(5000, () => input.recv())
  if (block.length === 0) break
  console.log(`${input.constructor.name} ${kind} ${shared}: ${String(block).trim()}`)
  if (kind === 'terminal') break
}
input.close()
