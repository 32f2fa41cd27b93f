/** What a folder holds, as native/watch.h packs it. */
import { endianness } from 'node:os'
import type { VnodeKind } from './vnode-entry.js'

export interface ListedEntry {
  /** Raw bytes (byte-path.ts). */
  readonly name: string
  readonly kind: VnodeKind
  /** 8 bytes that are the same for every name of the file, in one file system. */
  readonly inode: string
}

/** The number that fstat(2) has for it; beyond 2^53 only nearly. */
export function toNumber(inode: string): number {
  return Number(Buffer.from(inode, 'latin1')[endianness() === 'LE' ? 'readBigUInt64LE' : 'readBigUInt64BE']())
}

/** Inode, kind and the length of the name. */
const HEADER_BYTES = 8 + 1 + 2

export function parseListing(bytes: Buffer): ListedEntry[] {
  const entries: ListedEntry[] = []
  for (let at = 0; at < bytes.length; ) {
    const from = at + HEADER_BYTES
    const end = from + bytes.readUInt16LE(at + 9)
    entries.push({
      // Copies, each of its own: slices of one string would keep all of it as long as one name lives.
      inode: bytes.toString('latin1', at, at + 8),
      kind: String.fromCharCode(bytes.readUInt8(at + 8)) as VnodeKind,
      name: bytes.toString('latin1', from, end),
    })
    at = end
  }
  return entries
}
