/** Files that others opened: Node's FileHandle, or a plain number. */
import type { FileHandle } from 'node:fs/promises'
import { checkInteger, wrongType } from '../errors.js'

export const LARGEST_DESCRIPTOR = 2 ** 31 - 1

export function fileHandleNumber(file: FileHandle | number): number {
  if (typeof file === 'number') return checkInteger('file', file, 0, LARGEST_DESCRIPTOR)
  if (typeof file !== 'object' || file === null || typeof file.fd !== 'number')
    throw wrongType('file', 'a FileHandle or a number', file)
  return checkInteger('file.fd', file.fd, 0, LARGEST_DESCRIPTOR)
}
