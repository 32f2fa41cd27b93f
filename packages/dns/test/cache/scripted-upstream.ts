/** Servers that a test answers for, question by question, and the messages that they send. */
import { Event } from '@shrapnel/core'
import { useClock } from '@shrapnel/core/testing'
import { VirtualClock } from '@shrapnel/test-support'
import { afterEach, beforeEach } from 'vitest'
import type { Reply, Upstream } from '../../src/resolution.js'
import type { Message, Question, ResourceRecord } from '../../src/wire/index.js'

export const SERVER = '192.0.2.53:53'

/** A question that waits for the test to answer it. */
export class Pending {
  readonly question: Question
  readonly #answer = new Event<{ reply: Reply } | { error: unknown }>()
  isCancelled = false

  constructor(question: Question) {
    this.question = question
  }

  reply(message: Partial<Message>): void {
    this.#answer.set({ reply: reply(message, this.question) })
  }

  fail(error: unknown): void {
    this.#answer.set({ error })
  }

  async outcome(): Promise<Reply> {
    try {
      const outcome = await this.#answer.wait()
      if ('error' in outcome) throw outcome.error
      return outcome.reply
    } catch (error) {
      this.isCancelled = (error as { code?: string }).code === 'SHUTDOWN'
      throw error
    }
  }
}

/** Without a function every question waits in `pending`. */
export class ScriptedUpstream implements Upstream {
  readonly asked: string[] = []
  readonly pending: Pending[] = []
  answer: ((question: Question) => Partial<Message>) | undefined

  constructor(answer?: (question: Question) => Partial<Message>) {
    this.answer = answer
  }

  async ask(question: Question): Promise<Reply> {
    this.asked.push(`${question.name} ${question.type}`)
    if (this.answer !== undefined) return reply(this.answer(question), question)
    const pending = new Pending(question)
    this.pending.push(pending)
    return pending.outcome()
  }

  /** The oldest one that was not taken yet. */
  next(): Pending {
    const next = this.pending.shift()
    if (next === undefined) throw new Error('nobody asks')
    return next
  }
}

export function reply(message: Partial<Message>, question: Question): Reply {
  return {
    message: {
      id: 1,
      isResponse: true,
      opcode: 'QUERY',
      isAuthoritative: false,
      isTruncated: false,
      recursionDesired: true,
      recursionAvailable: true,
      isAuthenticData: false,
      checkingDisabled: false,
      rcode: 'NOERROR',
      questions: [question],
      answers: [],
      authorities: [],
      additionals: [],
      edns: undefined,
      ...message,
    },
    server: SERVER,
    transport: 'udp',
    elapsedMs: 1,
  }
}

export function a(name: string, address = '192.0.2.1', ttl = 300): ResourceRecord {
  return { name, type: 'A', class: 'IN', ttl, data: { address } }
}

export function cname(name: string, target: string, ttl = 300): ResourceRecord {
  return { name, type: 'CNAME', class: 'IN', ttl, data: { target } }
}

export function mx(name: string, exchange: string, ttl = 300): ResourceRecord {
  return { name, type: 'MX', class: 'IN', ttl, data: { preference: 10, exchange } }
}

export function soa(name: string, minimum = 60, ttl = 3_600): ResourceRecord {
  const data = {
    mname: `ns.${name}`,
    rname: `root.${name}`,
    serial: 1,
    refresh: 1,
    retry: 1,
    expire: 1,
    minimum,
  }
  return { name, type: 'SOA', class: 'IN', ttl, data }
}

/** For a whole file: a clock that stands still under core's timers. */
export function virtualTime(): { readonly clock: VirtualClock } {
  const time = { clock: new VirtualClock() }
  let restore = (): void => {}
  beforeEach(() => {
    time.clock = new VirtualClock(1_000)
    restore = useClock(time.clock)
  })
  afterEach(() => restore())
  return time
}

/** A promise's end as a value, so that a test can look at it later. */
export function outcomeOf<T>(value: T | Promise<T>): Promise<{ value: T } | { error: { code: string } }> {
  return Promise.resolve(value).then(
    (result) => ({ value: result }),
    (error) => ({ error }),
  )
}
