/** A server for the client of the prefork servers, on Node's own sockets: it answers well, or badly in a way of one's choice. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** Told the bytes that were asked for, and how many asked before. */
export type Answer = (conn: Socket, bytes: number, before: number) => void

export class AnsweringServer implements AsyncDisposable {
  readonly #server = createServer()
  readonly #connections = new Set<Socket>()
  asked = 0

  private constructor(answer: Answer) {
    this.#server.on('connection', (conn) => {
      this.#connections.add(conn)
      conn.on('close', () => this.#connections.delete(conn))
      // A client that has what it wanted, or waits no longer, may leave in any way.
      conn.on('error', () => {})
      let request = ''
      conn.setEncoding('latin1').on('data', (text: string) => {
        request += text
        if (/^\d+\n$/.test(request)) answer(conn, Number(request), this.asked++)
      })
    })
  }

  static async start(answer: Answer): Promise<AnsweringServer> {
    const started = new AnsweringServer(answer)
    await once(started.#server.listen(0, '127.0.0.1'), 'listening')
    return started
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    for (const conn of this.#connections) conn.destroy()
    await once(this.#server, 'close')
  }
}
