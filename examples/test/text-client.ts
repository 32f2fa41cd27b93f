/** A client as simple as they come, on Node's own sockets: it sends, and waits for what it is to receive. */
import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'

export class TextClient implements AsyncDisposable {
  readonly socket: Socket
  /** Everything received and not yet taken by `until`. */
  #text = ''
  #hasEnded = false
  readonly #ended: Promise<void>
  #look: (() => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (block: Buffer) => {
      this.#text += block.toString('latin1')
      this.#look?.()
    })
    this.#ended = new Promise((resolve) => {
      socket.on('close', () => {
        this.#hasEnded = true
        this.#look?.()
        resolve()
      })
    })
    // Seen as an end; what was received before says more.
    socket.on('error', () => {})
  }

  static async connect(to: NetConnectOpts): Promise<TextClient> {
    const socket = connect(to)
    await once(socket, 'connect')
    return new TextClient(socket)
  }

  send(text: string): void {
    this.socket.write(text)
  }

  /** What comes up to and with `pattern`. Fails with what did come if the connection ends first. */
  until(pattern: RegExp | string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        const end = endOf(this.#text, pattern)
        if (end >= 0) {
          this.#look = undefined
          const taken = this.#text.slice(0, end)
          this.#text = this.#text.slice(end)
          resolve(taken)
        } else if (this.#hasEnded) {
          reject(new Error(`the connection ended without ${pattern}, after ${JSON.stringify(this.#text)}`))
        }
      }
      this.#look()
    })
  }

  /** Everything that is still to come. */
  async untilEnd(): Promise<string> {
    await this.#ended
    return this.#text
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    await this.#ended
  }
}

function endOf(text: string, pattern: RegExp | string): number {
  if (typeof pattern === 'string') {
    const at = text.indexOf(pattern)
    return at < 0 ? -1 : at + pattern.length
  }
  const found = pattern.exec(text)
  return found === null ? -1 : found.index + found[0].length
}
