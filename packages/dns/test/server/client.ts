/** A client that says exactly what a test wants said. */
import { BufferedReader, type Datagram, type Socket, tcp, UdpSocket, withTimeout } from '@shrapnel/core'
import { decodeMessage, type Edns, encodeMessage, type Message } from '../../src/wire/index.js'
import { PLAIN } from '../wire/messages.js'

/** Long enough for a machine that does much else. */
const PATIENCE_MS = 5_000

export const EDNS: Edns = { udpPayloadBytes: 4096, version: 0, dnssecOk: false, options: [] }

export function query(name: string, type = 'A', changes: Partial<Message> = {}): Message {
  return { ...PLAIN, id: 4711, recursionDesired: true, questions: [{ name, type, class: 'IN' }], ...changes }
}

export class UdpClient implements Disposable {
  readonly socket = new UdpSocket()
  constructor(port: number) {
    this.socket.connect('127.0.0.1', port)
  }
  async send(message: Message | Uint8Array): Promise<void> {
    await this.socket.send(message instanceof Uint8Array ? message : encodeMessage(message))
  }
  async receiveBytes(): Promise<Buffer> {
    const { data }: Datagram = await withTimeout(PATIENCE_MS, () => this.socket.recvFrom())
    return data
  }
  async receive(): Promise<Message> {
    return decodeMessage(await this.receiveBytes())
  }
  async ask(message: Message | Uint8Array): Promise<Message> {
    await this.send(message)
    return await this.receive()
  }
  [Symbol.dispose](): void {
    this.socket.close()
  }
}

export class TcpClient implements Disposable {
  readonly socket: Socket
  readonly #reader: BufferedReader
  constructor(socket: Socket) {
    this.socket = socket
    this.#reader = new BufferedReader(socket)
  }
  static async connect(port: number): Promise<TcpClient> {
    return new TcpClient(await tcp.connect('127.0.0.1', port))
  }
  async send(...messages: readonly Message[]): Promise<void> {
    await this.socket.send(Buffer.concat(messages.map((message) => encodeMessage(message, { framed: true }))))
  }
  async receive(): Promise<Message> {
    return await withTimeout(PATIENCE_MS, async () => {
      const prefix = await this.#reader.readExact(2)
      return decodeMessage(await this.#reader.readExact(prefix.readUInt16BE()))
    })
  }
  /** True once the server has ended the connection, in whatever way. */
  async isEnded(): Promise<boolean> {
    try {
      return (await withTimeout(PATIENCE_MS, () => this.#reader.read())).length === 0
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'ECONNRESET'
    }
  }
  [Symbol.dispose](): void {
    this.socket.close()
  }
}
