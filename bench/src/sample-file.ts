/** A file to serve, in a temporary folder, whose bytes are in the kernel's cache and on their way to no disk. */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const BLOCK_BYTES = 1_000_000

/** Repeats only after a prime number of bytes, so that a block in the wrong place shows. */
const PERIOD = 65_521

export async function withSampleFile<Result>(
  bytes: number,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'shrapnel-bench-'))
  try {
    const path = join(folder, 'file')
    const file = await open(path, 'w')
    try {
      for (let at = 0; at < bytes; at += BLOCK_BYTES) {
        const block = Buffer.alloc(Math.min(BLOCK_BYTES, bytes - at))
        for (let i = 0; i < block.length; i++) block[i] = ((at + i) % PERIOD) & 0xff
        await file.write(block)
      }
      // Now and not while something is measured.
      await file.sync()
    } finally {
      await file.close()
    }
    return await use(path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
