/**
 * From the path of a request to the name of a file below a root. The path is taken apart first and each part decoded once, so that nothing
 * which decoding brings to light is ever taken for a separator. Text only: links are `FileRoot`'s business.
 */

export interface FilePath {
  /** Decoded parts with `/` between, none of them empty, `.` or `..`; empty: the root itself. */
  readonly name: string
  /** It ended in `/`: a folder is meant. */
  readonly isFolder: boolean
}

/** `malformed`: no text at all, which is 400; `refused`: no file that may be given has this name, which is 404. */
export type FilePathVerdict = FilePath | 'malformed' | 'refused'

/** Longer parts are no names of files anywhere. */
const MAX_PART_LENGTH = 255
const NUL = /\0|%00/
const NOT_A_NAME = /[/\\]/

/** `path` is what follows the prefix, from `/` on, not decoded. */
export function filePath(path: string, allowsHidden: (name: string) => boolean): FilePathVerdict {
  if (!path.startsWith('/')) return 'refused'
  if (NUL.test(path)) return 'malformed'
  const parts = path.slice(1).split('/')
  const isFolder = parts[parts.length - 1] === ''
  if (isFolder) parts.pop()
  for (let i = 0; i < parts.length; i++) {
    const raw = parts[i] as string
    const part = raw.includes('%') ? decoded(raw) : raw
    if (part === undefined) return 'malformed'
    if (part === '' || part.length > MAX_PART_LENGTH || NOT_A_NAME.test(part)) return 'refused'
    if (part.startsWith('.') && (part === '.' || part === '..' || !allowsHidden(part))) return 'refused'
    parts[i] = part
  }
  return { name: parts.join('/'), isFolder }
}

/** Undefined: `%` before what are no two hex digits, or bytes that are no UTF-8 (an overlong form is none). */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}
