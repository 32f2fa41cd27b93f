/** Sends what cannot go at once, while nobody waits for it. */
import type { Stream } from '@shrapnel/core'
import { inBackground, refillBackground } from '@shrapnel/core/parts'
import type { Receiver } from './link.js'

/**
 * The bytes belong to the stream from now on. True if they went at once after all; false: `sent` or `sendFailed` of `receiver` follows. Whoever were
 * told in the middle of sending would send the same once more.
 */
export function sendLater(stream: Pick<Stream, 'send'>, bytes: Buffer, receiver: Receiver): boolean {
  let isDone = false
  let isLater = false
  refillBackground()
  inBackground(
    () => stream.send(bytes),
    () => {
      isDone = true
      if (isLater) receiver.sent()
    },
    (error) => receiver.sendFailed(error),
  )
  isLater = true
  return isDone
}
