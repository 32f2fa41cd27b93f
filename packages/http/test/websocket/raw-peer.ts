/** The other side of a WebSocket, frame by frame, for what no well-behaved peer would do. */
import { memoryStreamPair, type Stream } from '@shrapnel/core'
import { type WebSocketOptions, webSocketSettings } from '../../src/websocket/options.js'
import { WebSocketConnection } from '../../src/websocket/web-socket-connection.js'
import { encodeClosing, encodeFrame, FINAL } from '../../src/wire/index.js'
import { CLOSE } from '../../src/wire/websocket-frame.js'

const KEY = 0x3d21fa37

export interface Frame {
  readonly first: number
  readonly opcode: number
  readonly isFinal: boolean
  readonly isMasked: boolean
  readonly payload: Buffer
}

export class RawPeer {
  readonly stream: Stream
  readonly #masks: boolean
  #bytes: Buffer = Buffer.alloc(0)

  constructor(stream: Stream, masks: boolean) {
    this.stream = stream
    this.#masks = masks
  }

  frame(opcode: number, payload: Uint8Array | string = '', bits = FINAL): Buffer {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
    return encodeFrame(opcode, bytes, this.#masks ? KEY : undefined, bits)
  }

  async send(opcode: number, payload: Uint8Array | string = '', bits = FINAL): Promise<void> {
    await this.stream.send(this.frame(opcode, payload, bits))
  }

  async close(code: number, reason = ''): Promise<void> {
    await this.send(CLOSE, encodeClosing(code, reason))
  }

  /** Undefined at the end. */
  async next(): Promise<Frame | undefined> {
    for (;;) {
      const found = take(this.#bytes)
      if (found !== undefined) {
        this.#bytes = this.#bytes.subarray(found.length)
        return found.frame
      }
      const more = await this.stream.recv()
      if (more.length === 0) return undefined
      this.#bytes = Buffer.concat([this.#bytes, more])
    }
  }

  /** The code of the close frame that comes next, after anything else; undefined: there was none. */
  async closeCode(): Promise<number | undefined> {
    for (let frame = await this.next(); frame !== undefined; frame = await this.next())
      if (frame.opcode === CLOSE) return frame.payload.length < 2 ? 1005 : frame.payload.readUInt16BE(0)
    return undefined
  }
}

function take(bytes: Buffer): { readonly frame: Frame; readonly length: number } | undefined {
  if (bytes.length < 2) return undefined
  const first = bytes[0] as number
  const isMasked = ((bytes[1] as number) & 0x80) !== 0
  let length = (bytes[1] as number) & 127
  let at = 2
  if (length === 126) {
    if (bytes.length < 4) return undefined
    length = bytes.readUInt16BE(2)
    at = 4
  } else if (length === 127) {
    if (bytes.length < 10) return undefined
    length = Number(bytes.readBigUInt64BE(2))
    at = 10
  }
  const mask = bytes.subarray(at, at + 4)
  if (isMasked) at += 4
  if (bytes.length < at + length) return undefined
  const payload = Buffer.from(bytes.subarray(at, at + length))
  if (isMasked) for (let i = 0; i < length; i++) payload[i] = (payload[i] as number) ^ (mask[i & 3] as number)
  return {
    frame: { first, opcode: first & 15, isFinal: (first & FINAL) !== 0, isMasked, payload },
    length: at + length,
  }
}

export interface Meeting {
  readonly socket: WebSocketConnection
  readonly peer: RawPeer
}

export interface MeetingOptions extends WebSocketOptions {
  readonly isClient?: boolean
  readonly windowBits?: number
}

/** `stream` as a WebSocket that is open. */
function open(
  stream: Stream,
  { isClient = false, windowBits = 15, ...options }: MeetingOptions = {},
): WebSocketConnection {
  const settings = webSocketSettings(options)
  const deflate =
    settings.compression === null ? null : { ownWindowBits: windowBits, peerWindowBits: windowBits }
  const extensions = deflate === null ? '' : 'permessage-deflate'
  return new WebSocketConnection(stream, Buffer.alloc(0), {
    isClient,
    settings,
    deflate,
    protocol: '',
    extensions,
  })
}

/** A WebSocket and its raw peer, in memory. `bufferBytes`: what is under way when nobody receives. */
export function meet(options: MeetingOptions = {}, bufferBytes = 65_536): Meeting {
  const [ours, theirs] = memoryStreamPair({ limitBytes: bufferBytes })
  return { socket: open(ours, options), peer: new RawPeer(theirs, !(options.isClient ?? false)) }
}
