/** Bodies whose length is not known before they are sent, counted on their way. */
import type { Stream } from '@shrapnel/core'
import type { FileBody, HttpResponse, ResponseBody } from '../message.js'

/** Called once: the body is sent, or never will be. */
type Done = (sentBytes: number, isWhole: boolean) => void

/** `response`, that calls `done` when its body has ended; null: all is known at once, and how much it is. */
export function countBody(response: HttpResponse, isHead: boolean, done: Done): HttpResponse | null {
  const { body = null } = response
  if (body === null || typeof body === 'string' || body instanceof Uint8Array) return null
  if ('file' in body) return { ...response, body: { file: watched(body.file, isHead, done) } }
  // Nobody iterates over what is not sent.
  return isHead ? null : { ...response, body: counted(body, done) }
}

export function knownLength(body: ResponseBody | undefined): number {
  if (typeof body === 'string') return Buffer.byteLength(body)
  return body instanceof Uint8Array ? body.length : 0
}

/** The server closes a file when it is done with it; how much the client took of it is not known here. */
function watched(file: FileBody, isHead: boolean, done: Done): FileBody {
  let isOpen = true
  return {
    fd: file.fd,
    offset: file.offset,
    length: file.length,
    close: () => {
      file.close()
      if (isOpen) done(isHead ? 0 : file.length, true)
      isOpen = false
    },
  }
}

async function* counted(
  body: AsyncIterable<Uint8Array | string> | Stream,
  done: Done,
): AsyncGenerator<Uint8Array | string, void> {
  let sentBytes = 0
  let isWhole = false
  try {
    if (Symbol.asyncIterator in body) {
      for await (const piece of body) {
        yield piece
        sentBytes += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length
      }
    } else {
      for (let bytes = await body.recv(); bytes.length > 0; bytes = await body.recv()) {
        yield bytes
        sentBytes += bytes.length
      }
    }
    isWhole = true
  } finally {
    if (!(Symbol.asyncIterator in body)) body.close()
    done(sentBytes, isWhole)
  }
}
