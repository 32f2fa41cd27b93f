/**
 * What three clients make of the same bytes: ours, node:http's and undici's. The server is a UNIX socket, so that what it wrote has
 * arrived. Behind the bytes each client asks once more: whoever gets the answer to that, on the same connection, is in step.
 */
import { Agent as NodeAgent, request as nodeRequest } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { type Listener, type Socket as OurSocket, spawn, unix, yieldSlice } from '@shrapnel/core'
import { temporaryFolder } from '@shrapnel/test-support'
import { Agent, request as undiciRequest } from 'undici'
import { createClient } from '../src/index.js'

/** Enough for what is written to be read, and acted upon. */
const TURNS = 12
const NEXT = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext'
const MOST_TEXT = 60

export interface Answered {
  readonly status: number
  readonly headers: { readonly x: string | undefined }
  readonly body: string
}

/** One client that keeps at most one connection. */
export interface Asker {
  ask(method: string, path: string): Promise<Answered>
  close(): unknown
}

export type MakeAsker = (socketPath: string) => Asker

export const ours: MakeAsker = (socketPath) => {
  const client = createClient({ socketPath, maxConnectionsPerOrigin: 1, proxy: 'none' })
  return {
    async ask(method, path) {
      const response = await client.request({ method, url: `http://a${path}`, maxRedirects: 0 })
      const head = { status: response.status, headers: { x: response.headers.get('x') } }
      try {
        return { ...head, body: await response.text() }
      } catch (error) {
        throw new BrokenBody(head.status, error)
      }
    },
    close: () => client.close(),
  }
}

export const nodes: MakeAsker = (socketPath) => {
  const agent = new NodeAgent({ keepAlive: true, maxSockets: 1 })
  return {
    ask: (method, path) =>
      new Promise((resolve, reject) => {
        let status: number | undefined
        // A parser's error comes out of the request, and then the body has none.
        const broken = (error: unknown) =>
          reject(status === undefined ? error : new BrokenBody(status, error))
        const asked = nodeRequest(
          { socketPath, path, method, agent, insecureHTTPParser: false },
          (answer) => {
            const { statusCode = 0, headers } = answer
            let body = ''
            status = statusCode
            answer.setEncoding('latin1')
            answer.on('data', (text: string) => {
              body += text
            })
            answer.on('error', broken)
            answer.on('end', () => resolve({ status: statusCode, headers: { x: headers.x as string }, body }))
          },
        )
        asked.on('error', broken)
        asked.on('upgrade', (answer, socket: Socket) => {
          socket.destroy()
          reject(Object.assign(new Error('an upgrade'), { code: `upgraded, ${answer.statusCode}` }))
        })
        asked.end()
      }),
    close: () => agent.destroy(),
  }
}

export const undicis: MakeAsker = (socketPath) => {
  const dispatcher = new Agent({ connections: 1, connect: { socketPath } })
  return {
    async ask(method, path) {
      const answer = await undiciRequest(`http://a${path}`, { dispatcher, method: method as 'GET' })
      const { statusCode: status, headers, body } = answer
      try {
        return { status, headers: { x: headers.x?.toString() }, body: await body.text() }
      } catch (error) {
        throw new BrokenBody(status, error)
      }
    },
    close: () => dispatcher.destroy(),
  }
}

class BrokenBody extends Error {
  readonly status: number
  constructor(status: number, cause: unknown) {
    super('the body broke', { cause })
    this.status = status
  }
}

const REFUSED = /^(HTTP_SYNTAX|HTTP_LIMIT|HPE_|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)/
/** undici's, which has a code or not, and what it asserts of its parser. */
const REFUSED_AS = /^(HTTPParserError|AssertionError)$/
const CUT = /^(HTTP_CUT|ECONNRESET|UND_ERR_SOCKET|UND_ERR_ABORTED)/

function wordFor(error: unknown): string {
  const { code = '', name } = error as { code?: string; name?: string }
  if (REFUSED.test(code) || REFUSED_AS.test(name ?? '')) return 'refused'
  if (CUT.test(code)) return 'cut'
  return code === '' ? String(name) : code
}

const shortened = (text: string): string =>
  text.length > MOST_TEXT ? `${text.length} characters` : JSON.stringify(text).slice(1, -1)

function describeAnswer(outcome: Answered | Error): string {
  if (outcome instanceof BrokenBody) return `${outcome.status}, body ${wordFor(outcome.cause)}`
  if (outcome instanceof Error) return wordFor(outcome)
  const x = outcome.headers.x === undefined ? '' : ` x=${shortened(outcome.headers.x)}`
  return `${outcome.status}${x} ${shortened(outcome.body)}`.trimEnd()
}

/** How the bytes of a row go out. */
export interface Sending {
  readonly chunks: Iterable<Uint8Array>
  readonly method?: string | undefined
  /** Goes out when the client has its answer, and has not asked again yet. */
  readonly late?: string | undefined
}

export class ResponseReferee implements AsyncDisposable {
  readonly #folder
  readonly #path: string
  readonly #listener: Listener
  #connections = 0
  #asked: string[] = []
  #sending: Sending = { chunks: [] }
  #first: OurSocket | null = null

  private constructor(folder: Awaited<ReturnType<typeof temporaryFolder>>) {
    this.#folder = folder
    this.#path = join(folder.path, 'http.sock')
    this.#listener = unix.listen({ path: this.#path })
    spawn({ daemon: true }, () => this.#listener.serve((socket) => this.#serve(socket)))
  }

  static async make(): Promise<ResponseReferee> {
    return new ResponseReferee(await temporaryFolder())
  }

  async #serve(socket: OurSocket): Promise<void> {
    const connection = this.#connections++
    if (connection === 0) this.#first = socket
    let text = ''
    try {
      for (;;) {
        const bytes = await socket.recv()
        if (bytes.length === 0) return
        text += bytes.toString('latin1')
        for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
          this.#asked.push(`${connection} ${text.split(' ')[1]}`)
          text = text.slice(end + 4)
          if (this.#asked.length > 1) await socket.send(Buffer.from(NEXT))
          else await this.#sendRow(socket)
        }
      }
    } catch {
      // The client has closed: that is a verdict, and its own to tell.
    }
  }

  async #sendRow(socket: OurSocket): Promise<void> {
    try {
      for (const chunk of this.#sending.chunks) {
        await socket.send(chunk)
        await yieldSlice()
      }
    } finally {
      this.#isSent = true
    }
  }
  #isSent = false

  /** One at a time. `200 body, in step`: see the table in corpus/responses/row.ts. */
  async verdict(make: MakeAsker, sending: Sending): Promise<string> {
    this.#connections = 0
    this.#asked = []
    this.#sending = sending
    this.#isSent = false
    const asker = make(this.#path)
    try {
      return await this.#judge(asker, sending)
    } finally {
      await asker.close()
      for (let turns = 0; turns < 3; turns++) await yieldSlice()
    }
  }

  async #judge(asker: Asker, { method = 'GET', late }: Sending): Promise<string> {
    let outcome: Answered | Error | undefined
    const asking = asker.ask(method, '/first').then(
      (answer) => {
        outcome = answer
      },
      (error: Error) => {
        outcome = error
      },
    )
    while (!this.#isSent) await yieldSlice()
    for (let turns = 0; turns < TURNS && outcome === undefined; turns++) await yieldSlice()
    if (outcome === undefined) {
      // It waits for more, and there is none.
      await this.#first?.shutdown()
      await asking
      return `${describeAnswer(outcome as unknown as Answered)}, at the end`
    }
    const first = describeAnswer(outcome)
    if (late !== undefined) {
      await Promise.resolve(this.#first?.send(Buffer.from(late, 'latin1'))).catch(() => {})
      for (let turns = 0; turns < TURNS; turns++) await yieldSlice()
    }
    return `${first}, ${await this.#fate(asker)}`
  }

  async #fate(asker: Asker): Promise<string> {
    const next = await asker.ask('GET', '/next').then(describeAnswer, describeAnswer)
    if (next !== '200 next') return `then ${next}`
    return this.#asked.at(-1) === '0 /next' ? 'in step' : 'closed'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
    await this.#folder.remove()
  }
}
