/** Reading a file that is open, where the stream has no sendfile of its own. */
import { read } from 'node:fs'
import { interruptible } from '@shrapnel/core'

/** Up to `length` bytes from `offset`; empty at the end. Cancelling ends the waiting; the read itself goes on, into memory nobody sees. */
export function readAt(fd: number, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  return interruptible(
    new Promise<Buffer>((resolve, reject) => {
      read(fd, bytes, 0, length, offset, (error, count) => {
        if (error === null) resolve(bytes.subarray(0, count))
        else reject(error)
      })
    }),
  )
}
