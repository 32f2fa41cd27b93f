/**
 * The records of inotify(7): `struct inotify_event`, in the byte order of the machine. They come from the kernel, and are
 * checked all the same: a record that reaches past its end is an error and never a read of what lies behind.
 */
import { endianness } from 'node:os'
import { CoroError } from '../errors.js'

export interface InotifyRecord {
  /** Which watch; -1 for an overflow. */
  readonly wd: number
  readonly mask: number
  /** The same in both halves of a rename. */
  readonly cookie: number
  /** The entry that changed, as raw bytes (byte-path.ts); empty: what is watched itself. */
  readonly name: string
}

export const IN_MODIFY = 0x2
export const IN_ATTRIB = 0x4
export const IN_MOVED_FROM = 0x40
export const IN_MOVED_TO = 0x80
export const IN_CREATE = 0x100
export const IN_DELETE = 0x200
export const IN_DELETE_SELF = 0x400
export const IN_MOVE_SELF = 0x800
export const IN_UNMOUNT = 0x2000
export const IN_Q_OVERFLOW = 0x4000
export const IN_IGNORED = 0x8000
export const IN_ONLYDIR = 0x1000000
export const IN_DONT_FOLLOW = 0x2000000
export const IN_EXCL_UNLINK = 0x4000000
export const IN_MASK_ADD = 0x20000000
export const IN_ISDIR = 0x40000000

/** wd, mask, cookie and the length of the name: 32 bits each. */
const HEADER_BYTES = 16

const isLittle = endianness() === 'LE'

/** The records in the first `length` bytes. Throws `MALFORMED`. */
export function parseRecords(bytes: Buffer, length: number): InotifyRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, Math.min(length, bytes.length))
  const records: InotifyRecord[] = []
  for (let at = 0; at < view.byteLength; ) {
    const left = view.byteLength - at - HEADER_BYTES
    if (left < 0) throw malformed(at, `has ${view.byteLength - at} bytes, fewer than a header`)
    const nameBytes = view.getUint32(at + 12, isLittle)
    if (nameBytes > left) throw malformed(at, `has a name of ${nameBytes} bytes where ${left} are left`)
    const from = at + HEADER_BYTES
    records.push({
      wd: view.getInt32(at, isLittle),
      mask: view.getUint32(at + 4, isLittle),
      cookie: view.getUint32(at + 8, isLittle),
      name: nameOf(bytes, from, from + nameBytes),
    })
    at = from + nameBytes
  }
  return records
}

/** A name ends with its first NUL: the kernel pads with them. */
function nameOf(bytes: Buffer, from: number, end: number): string {
  if (from === end) return ''
  const nul = bytes.indexOf(0, from)
  return bytes.toString('latin1', from, nul === -1 || nul > end ? end : nul)
}

function malformed(at: number, text: string): CoroError {
  return new CoroError('MALFORMED', `the kernel's record of a file change at byte ${at} ${text}`)
}
