/** Media types by the ends of file names, from mime-db, the registry of IANA and what Apache and nginx added to it. */
import { extname } from 'node:path'
import db from 'mime-db'
import { contentType } from 'mime-types'

const UNKNOWN = 'application/octet-stream'
/** Names of files that exist, so there are few; but not without a limit. */
const MAX_KNOWN = 1_000
const known = new Map<string, string>()

/** The value of Content-Type for a file of this name: text with its charset, UTF-8. */
export function mediaTypeOf(name: string): string {
  const extension = extname(name)
  let type = known.get(extension)
  if (type === undefined) {
    type = (extension === '' ? false : contentType(extension)) || UNKNOWN
    if (known.size === MAX_KNOWN) known.clear()
    known.set(extension, type)
  }
  return type
}

/** Whether a body with this Content-Type gets smaller by compressing it, as a rule. */
export function isCompressible(type: string): boolean {
  const end = type.indexOf(';')
  const essence = (end < 0 ? type : type.slice(0, end)).trim().toLowerCase()
  const entry = Object.hasOwn(db, essence) ? db[essence] : undefined
  return entry?.compressible ?? /^text\/|\+(?:json|xml|text|yaml)$/.test(essence)
}
