/** A server that says what a test has it say, to the byte, and tells what it was sent. */
import { type Listener, type Socket, spawn, tcp } from '@shrapnel/core'

export interface Line {
  readonly socket: Socket
  /** Which connection this is, from 0. */
  readonly index: number
  /** The next request as it came, with its body; empty at the end. */
  request(): Promise<string>
  /** A request is read, and this goes out for it. */
  answer(text: string): Promise<string>
  send(text: string): Promise<void>
  /** In single bytes. */
  sendSlowly(text: string): Promise<void>
  /** Until the client has closed. */
  ended(): Promise<void>
}

export interface ScriptedServer extends Disposable {
  readonly port: number
  readonly url: string
  /** How many connections there were. */
  readonly connections: number
}

/** Each connection is closed when `script` ends. */
export function scripted(script: (line: Line) => Promise<void>): ScriptedServer {
  const listener: Listener = tcp.listen({ port: 0 })
  let connections = 0
  const open = new Set<Socket>()
  const serving = spawn({ name: 'scripted server', daemon: true }, () =>
    listener.serve(async (socket) => {
      open.add(socket)
      try {
        await script(lineOf(socket, connections++))
      } catch (error) {
        const { code } = error as { code?: string }
        if (code !== 'ECONNRESET' && code !== 'EPIPE' && code !== 'CLOSED') throw error
      } finally {
        open.delete(socket)
      }
    }),
  )
  return {
    port: listener.port,
    url: `http://127.0.0.1:${listener.port}`,
    get connections() {
      return connections
    },
    [Symbol.dispose]() {
      listener.close()
      for (const socket of open) socket.close()
      serving.shutdown()
    },
  }
}

/** Every connection is answered with the same text, again and again. */
export function answering(text: string): ScriptedServer {
  return scripted(async (line) => {
    while ((await line.request()) !== '') await line.send(text)
  })
}

function lineOf(socket: Socket, index: number): Line {
  let received = ''
  const more = async (): Promise<boolean> => {
    const bytes = await socket.recv()
    received += bytes.toString('latin1')
    return bytes.length > 0
  }
  const take = (length: number): string => {
    const taken = received.slice(0, length)
    received = received.slice(length)
    return taken
  }
  const line: Line = {
    socket,
    index,
    async request() {
      for (;;) {
        const length = lengthOf(received)
        if (length !== undefined && received.length >= length) return take(length)
        if (!(await more())) return take(received.length)
      }
    },
    async answer(text) {
      const request = await line.request()
      if (request !== '') await line.send(text)
      return request
    },
    async send(text) {
      await socket.send(Buffer.from(text, 'latin1'))
    },
    async sendSlowly(text) {
      for (const char of text) await socket.send(Buffer.from(char, 'latin1'))
    },
    async ended() {
      while (await more());
    },
  }
  return line
}

/** Undefined: nobody can say yet. */
function lengthOf(text: string): number | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = text.slice(0, end)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)
  if (length !== null) return end + 4 + Number(length[1])
  if (!/\r\ntransfer-encoding: chunked/i.test(head)) return end + 4
  const last = /(?:^|\r\n)0\r\n(?:[^\r]+\r\n)*\r\n/.exec(text.slice(end + 4))
  return last === null ? undefined : end + 4 + last.index + last[0].length
}

export const ok = (body: string, fields = ''): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`
