/**
 * Paths as the kernel has them: bytes, which need not be UTF-8. Inside, such a path is a string with a character for each
 * byte, so that it can be joined, compared and be a key; it is decoded only for people.
 */

/** `folder/name` */
export function joinBytes(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`
}

/** For system calls. */
export function toBytePath(path: string): Buffer {
  return Buffer.from(path, 'latin1')
}

/** For people. Bytes that are not UTF-8 become U+FFFD. */
export function toTextPath(path: string): string {
  for (let i = 0; i < path.length; i++) {
    if (path.charCodeAt(i) > 0x7f) return Buffer.from(path, 'latin1').toString()
  }
  return path
}
