/**
 * Whether there is room to write. PostgreSQL gives up altogether when its log finds none, and does not come back
 * before there is some: so we stop writing a little earlier, and everything can still be read.
 */
import { statfs } from 'node:fs/promises'
import { interruptible } from '@shrapnel/core'
import { diskFull } from '../failure.js'

/** Two segments of the log, 16 MiB each, and something for tables and indexes. */
const RESERVED_BYTES = 40 * 1024 * 1024

/** Throws DISK_FULL where the file system of `folder` has none left. */
export async function checkFreeSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await interruptible(statfs(folder))
  if (bavail * bsize < RESERVED_BYTES) throw diskFull()
}
