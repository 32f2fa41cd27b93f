/** Somebody who connects and types: sends text, and waits for what is shown. Nothing here waits for a time to pass. */
import { connect, type Socket } from 'node:net'

/** Text a prompt with line editing is redrawn with. */
export const PROMPT = '\x1b[1G\x1b[0J> \x1b[3G'

export class Visitor {
  readonly socket: Socket
  readonly closed: Promise<void>
  #bytes: Buffer = Buffer.alloc(0)
  #seen = 0
  #isClosed = false
  #look: () => void = () => {}

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes])
      this.#look()
    })
    // Resets are the business of the tests that cause them; they show as the end.
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true
        this.#look()
        resolve()
      })
    })
  }

  static async over(where: string | number): Promise<Visitor> {
    const socket = typeof where === 'string' ? connect(where) : connect(where, '127.0.0.1')
    const visitor = new Visitor(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return visitor
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  /** All that was shown so far. */
  get text(): string {
    return this.#bytes.toString()
  }

  /** Waits for `what` after what earlier calls found, and gives everything up to its end. */
  async sees(what: string): Promise<string> {
    for (;;) {
      const { text } = this
      const at = text.indexOf(what, this.#seen)
      if (at >= 0) {
        const found = text.slice(this.#seen, at + what.length)
        this.#seen = at + what.length
        return found
      }
      if (this.#isClosed)
        throw new Error(`closed before ${JSON.stringify(what)} came, after ${JSON.stringify(text)}`)
      await new Promise<void>((resolve) => {
        this.#look = resolve
      })
    }
  }

  type(keys: string | Uint8Array): void {
    this.socket.write(keys)
  }

  /** Types `keys` and waits for `what`. */
  async asks(keys: string | Uint8Array, what: string): Promise<string> {
    this.type(keys)
    return this.sees(what)
  }

  /** Ends its side, and gives all that was shown until the other side ended too. */
  async leaves(lastKeys = ''): Promise<string> {
    this.socket.end(lastKeys)
    await this.closed
    return this.text
  }
}
