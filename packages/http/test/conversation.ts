/** A server on one end of a connection and a test on the other, in memory or over a socket: the laws are the same. */
import { type Coroutine, memoryStreamPair, type Socket, type Stream, spawn, tcp } from '@shrapnel/core'
import { type ConnectionOptions, type Handler, serve, serveStream } from '../src/index.js'

export interface Conversation extends AsyncDisposable {
  readonly client: Stream
  /** Ends when the server is done with the connection; undefined over a socket. */
  readonly session: Coroutine<void> | undefined
  send(text: string): Promise<void>
  /** What has come, until `isEnough` or the end; the date is made `DATE`. */
  until(isEnough: (text: string) => boolean): Promise<string>
  /** All there is until the server ends the connection. */
  rest(): Promise<string>
  /** Sends, and gives what comes until the server ends. */
  ask(text: string): Promise<string>
}

export type Converse = (handler: Handler, options?: ConnectionOptions) => Promise<Conversation>

function conversation(
  client: Stream,
  session: Coroutine<void> | undefined,
  end: () => Promise<void>,
): Conversation {
  let text = ''
  const until = async (isEnough: (text: string) => boolean): Promise<string> => {
    while (!isEnough(undated(text))) {
      const bytes = await client.recv()
      if (bytes.length === 0) break
      text += bytes.toString('latin1')
    }
    const all = undated(text)
    text = ''
    return all
  }
  return {
    client,
    session,
    send: async (request) => client.send(Buffer.from(request, 'latin1')),
    until,
    rest: () => until(() => false),
    ask: async (request) => {
      await client.send(Buffer.from(request, 'latin1'))
      return until(() => false)
    },
    async [Symbol.asyncDispose]() {
      client.close()
      await end()
    },
  }
}

const undated = (text: string): string =>
  text.replace(/Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, 'Date: DATE')

export const inMemory: Converse = async (handler, options = {}) => {
  const [client, server] = memoryStreamPair()
  const session = spawn(() => serveStream(server, handler, options))
  return conversation(client, session, () => session.join())
}

export const overSocket: Converse = async (handler, options = {}) => {
  const server = await serve({ port: 0, ...options }, handler)
  const client: Socket = await tcp.connect('127.0.0.1', server.port)
  return conversation(client, undefined, async () => {
    await server.stop({ graceMs: 1_000 })
  })
}

/** So many answers whose bodies have a length are there. */
export function answers(count: number): (text: string) => boolean {
  return (text) => {
    let at = 0
    for (let i = 0; i < count; i++) {
      const end = text.indexOf('\r\n\r\n', at)
      if (end < 0) return false
      const length = /\r\nContent-Length: (\d+)/.exec(text.slice(at, end))?.[1] ?? '0'
      at = end + 4 + Number(length)
      if (text.length < at) return false
    }
    return true
  }
}

export const get = (target = '/', fields = ''): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`
export const lastGet = (target = '/', fields = ''): string => get(target, `${fields}Connection: close\r\n`)
export const post = (body: string, fields = '', target = '/'): string =>
  `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`

export const body = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4)
export const status = (answer: string): number => Number(answer.slice(9, 12))
