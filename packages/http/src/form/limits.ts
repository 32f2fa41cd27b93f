/** How much a form may be. Each limit is answered with 413. */
import { checkInteger, checkOptionNames } from '@shrapnel/core/parts'
import {
  MAX_PART_HEAD_BYTES,
  MAX_PART_HEADERS,
  MAX_PARTS,
  type MultipartLimits,
} from '../wire/multipart-limits.js'

export interface FormLimits {
  /** Parts of a form, or pairs of an urlencoded one. 1,000 unless given. */
  readonly maxParts?: number
  /** The header fields of one part, in bytes. 8,192 unless given. */
  readonly maxPartHeadBytes?: number
  /** The header fields of one part. 16 unless given. */
  readonly maxPartHeaders?: number
  /** The value of one field that is no file, in bytes. 1 MiB unless given. */
  readonly maxFieldBytes?: number
  /** One file, in bytes. Whatever the body may have unless given. */
  readonly maxFileBytes?: number
  /** What `formData` gathers, in bytes: names, values and files. 10 MiB unless given. */
  readonly maxMemoryBytes?: number
}

export interface FormSettings extends MultipartLimits {
  readonly maxFieldBytes: number
  readonly maxFileBytes: number
  readonly maxMemoryBytes: number
}

const MOST = Number.MAX_SAFE_INTEGER
const NAMES = new Set([
  'maxParts', 'maxPartHeadBytes', 'maxPartHeaders', 'maxFieldBytes', 'maxFileBytes', 'maxMemoryBytes',
]) // biome-ignore format: a table

export function formSettings(limits: FormLimits): FormSettings {
  checkOptionNames(limits, NAMES)
  const count = (name: keyof FormLimits, usual: number, least = 0): number =>
    checkInteger(name, limits[name] ?? usual, least, MOST)
  return {
    maxParts: count('maxParts', MAX_PARTS),
    maxPartHeadBytes: count('maxPartHeadBytes', MAX_PART_HEAD_BYTES, 1),
    maxPartHeaders: count('maxPartHeaders', MAX_PART_HEADERS),
    maxFieldBytes: count('maxFieldBytes', 1_048_576),
    maxFileBytes: count('maxFileBytes', MOST),
    maxMemoryBytes: count('maxMemoryBytes', 10 * 1_048_576),
  }
}
