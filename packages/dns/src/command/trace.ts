/**
 * Walks the delegations: asks a server that knows the root, or a zone, and then those that it refers to, until one answers. What is
 * followed is only what leads on: a referral must go deeper towards the name. Name servers without an address are looked up by a walk
 * of their own. All of it has limits: so many delegations, walks within walks, queries.
 */
import { Interrupted } from '@shrapnel/core'
import type { Reply } from '../resolution.js'
import { type Message, nameKey, type Question } from '../wire/index.js'
import { addressesIn, type NameServer, referral } from './referral.js'

export interface NamedServer {
  readonly name: string
  readonly address: string
}

/** One question to one of `zone`'s servers. */
export type AskServer = (question: Question, address: string) => Promise<Reply>

export type TraceStep =
  /** A server that knows `zone` was asked, and said this. */
  | { readonly is: 'reply'; readonly zone: string; readonly server: NamedServer; readonly reply: Reply }
  /** It did not, or nothing that leads on; the next one is asked. */
  | { readonly is: 'failure'; readonly zone: string; readonly server: NamedServer; readonly error: unknown }
  /** The address of a name server was not in the referral and had to be found. */
  | { readonly is: 'address'; readonly zone: string; readonly server: NamedServer }

export type TraceEndCode = 'NO_SERVERS' | 'TOO_DEEP' | 'TOO_MANY_QUERIES'

/** The walk led nowhere. */
export class TraceError extends Error {
  override readonly name = 'TraceError'
  readonly code: TraceEndCode
  constructor(code: TraceEndCode, text: string) {
    super(text)
    this.code = code
  }
}

/** More zones than any name passes through. */
const MAX_DELEGATIONS = 32
/** Walks for the address of a name server, for whose name server's address … */
const MAX_NESTED = 4
const MAX_QUERIES = 100

/** The steps, as they are made. The last is a reply that refers to nobody. Fails with TraceError. */
export async function* trace(
  question: Question,
  start: readonly NamedServer[],
  ask: AskServer,
): AsyncGenerator<TraceStep, void> {
  yield* new Walk(start, ask).towards(question, 0)
}

class Walk {
  readonly #start: readonly NamedServer[]
  readonly #ask: AskServer
  readonly #addresses = new Map<string, readonly string[]>()
  #queries = 0

  constructor(start: readonly NamedServer[], ask: AskServer) {
    this.#start = start
    this.#ask = ask
  }

  async *towards(question: Question, depth: number): AsyncGenerator<TraceStep, Message> {
    let zone = '.'
    let servers: readonly NameServer[] = this.#start.map(({ name, address }) => ({
      name,
      addresses: [address],
    }))
    for (let delegations = 0; delegations < MAX_DELEGATIONS; delegations++) {
      const message: Message = yield* this.#askAny(question, zone, servers, depth)
      const next = referral(message, question.name, zone)
      if (next === undefined) return message
      zone = next.zone
      servers = next.servers
    }
    throw new TraceError(
      'TOO_DEEP',
      `more than ${MAX_DELEGATIONS} delegations on the way to ${question.name}`,
    )
  }

  /** The first message that answers or leads on. Servers whose addresses are known come first, and only then those that cost a walk. */
  async *#askAny(
    question: Question,
    zone: string,
    servers: readonly NameServer[],
    depth: number,
  ): AsyncGenerator<TraceStep, Message> {
    const [known, unknown] = [servers.filter(hasAddresses), servers.filter((each) => !hasAddresses(each))]
    for (const { name, addresses } of [...known, ...unknown]) {
      const found = addresses ?? (await this.#addressesOf(name, depth))
      for (const address of found) {
        const server = { name, address }
        if (addresses === undefined) yield { is: 'address', zone, server }
        if (++this.#queries > MAX_QUERIES)
          throw new TraceError(
            'TOO_MANY_QUERIES',
            `more than ${MAX_QUERIES} queries on the way to ${question.name}`,
          )
        const step = await this.#step(question, zone, server)
        yield step
        if (step.is === 'reply') return step.reply.message
      }
    }
    throw new TraceError('NO_SERVERS', `none of the servers of ${zone} answers for ${question.name}`)
  }

  async #step(
    question: Question,
    zone: string,
    server: NamedServer,
  ): Promise<Exclude<TraceStep, { readonly is: 'address' }>> {
    try {
      const reply = await this.#ask(question, server.address)
      const isUseful = isAnswer(reply.message) || referral(reply.message, question.name, zone) !== undefined
      if (isUseful) return { is: 'reply', zone, server, reply }
      const text = `${reply.message.rcode}, and neither an answer nor a referral that leads on`
      return { is: 'failure', zone, server, error: new Error(text) }
    } catch (error) {
      if (error instanceof Interrupted) throw error
      return { is: 'failure', zone, server, error }
    }
  }

  /** The addresses of a name server that no referral gave: by a walk from the start, whose steps nobody sees. */
  async #addressesOf(name: string, depth: number): Promise<readonly string[]> {
    const key = nameKey(name)
    const remembered = this.#addresses.get(key)
    if (remembered !== undefined) return remembered
    // While it is looked for it has none: two that need each other's address are not chased in circles.
    this.#addresses.set(key, [])
    if (depth >= MAX_NESTED) return []
    let found: string[] = []
    for (const type of ['A', 'AAAA'] as const) {
      found = addressesIn(await this.#answersTo({ name, type, class: 'IN' }, depth + 1), type)
      if (found.length > 0) break
    }
    this.#addresses.set(key, found)
    return found
  }

  async #answersTo(question: Question, depth: number): Promise<Message['answers']> {
    const walk = this.towards(question, depth)
    try {
      for (;;) {
        const { done, value } = await walk.next()
        if (done) return value.answers
      }
    } catch (error) {
      if (error instanceof TraceError && error.code !== 'TOO_MANY_QUERIES') return []
      throw error
    }
  }
}

function hasAddresses({ addresses }: NameServer): boolean {
  return addresses !== undefined
}

/** Whether it ends the walk: records, or that there are none, from somebody who should know. */
function isAnswer({ rcode, answers, isAuthoritative, authorities }: Message): boolean {
  if (rcode === 'NXDOMAIN') return true
  if (rcode !== 'NOERROR') return false
  const names = new Set(authorities.map(({ type }) => type))
  return answers.length > 0 || names.has('SOA') || (isAuthoritative && !names.has('NS'))
}
