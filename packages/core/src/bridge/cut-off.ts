/** The end of a stream whose user gave up in the middle of something. */
import type { Stream } from '../stream/stream.js'

/** Closes `stream` so that the peer does not take for the whole what is only a part: with a reset, if the stream knows how. */
export function cutOff(stream: Stream & { reset?(): void }): void {
  if (typeof stream.reset === 'function') stream.reset()
  else stream.close()
}
