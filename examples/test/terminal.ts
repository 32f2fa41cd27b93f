/** Somebody who watches the worms: a connection and a screen. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Screen } from './screen.js'

export class Terminal implements AsyncDisposable {
  readonly socket: Socket
  readonly screen = new Screen()
  /** Everything that came, a character for each byte. */
  received = ''
  readonly ended: Promise<void>
  #failure: Error | undefined
  #look: (() => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the connection ended')))
    socket.on('data', (block: Buffer) => this.#show(block.toString('latin1')))
  }

  static async connect(port: number): Promise<Terminal> {
    const socket = connect({ port })
    await once(socket, 'connect')
    return new Terminal(socket)
  }

  press(keys: string | Uint8Array): void {
    this.socket.write(keys)
  }

  /**
   * Waits until the screen is such that `isThere` is true; fails with what it shows if the connection ends
   * before.
   */
  until(isThere: (screen: Screen) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        if (isThere(this.screen)) resolve()
        else if (this.#failure !== undefined) reject(this.#failure)
        else return
        this.#look = undefined
      }
      this.#look()
    })
  }

  /** Waits until the status line says that there are so many. */
  untilThereAre(count: { worms?: number; clients?: number }): Promise<void> {
    const parts = Object.entries(count).map(([what, number]) => `${what} ${number} `)
    return this.until(({ status }) => parts.every((part) => status.includes(part)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    await this.ended
  }

  #show(text: string): void {
    this.received += text
    try {
      this.screen.write(text)
    } catch (error) {
      this.#fail(error as Error)
    }
    this.#look?.()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#look?.()
  }
}
