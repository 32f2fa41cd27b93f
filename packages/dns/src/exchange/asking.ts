/**
 * One question, until a server answers or the time is over: which server is asked when, and what their failures amount to. One
 * coroutine, the asker's own, does all of it, and waits in one place; when it leaves, for whatever reason, nothing of the question is
 * left on any channel.
 */
import { ClosedError, now } from '@shrapnel/core'
import { Mailbox } from '@shrapnel/core/parts'
import { DnsError, type DnsErrorCode } from '../errors.js'
import type { Reply } from '../resolution.js'
import type { Question } from '../wire/index.js'
import { type Asked, Attempt, type Mail } from './attempt.js'
import type { Settings } from './options.js'
import { questionBytes } from './query.js'
import type { Server } from './server.js'

/** A server that may be down is asked first, to see whether it is: the next has not to wait long for its turn. */
const LEAST_PROBE_MS = 20

interface Owner {
  readonly isClosed: boolean
}

export class Asking {
  readonly #owner: Owner
  readonly #servers: readonly Server[]
  readonly #asked: Asked
  readonly #startedAt: number
  readonly #deadline: number
  /** Those that may still answer. */
  readonly #attempts: Attempt[] = []
  readonly #failures: { readonly server: string; readonly error: unknown }[] = []
  #next = 0
  #repeats = 0
  #nextAt: number
  #intervalMs: number
  #latest: Attempt | null = null

  /** `servers` in the order in which they are to be asked at `time`. Throws `EBADNAME`. */
  constructor(
    owner: Owner,
    servers: readonly Server[],
    question: Question,
    settings: Settings,
    time: number,
  ) {
    this.#owner = owner
    this.#servers = servers
    this.#asked = { question, questionBytes: questionBytes(question), mailbox: new Mailbox(this) }
    this.#startedAt = this.#nextAt = time
    this.#deadline = time + settings.timeoutMs
    this.#intervalMs = settings.retryMs
  }

  describe(): string {
    const { name, type } = this.#asked.question
    return `dns ${name} ${type} from ${this.#attempts.map(({ server }) => server.address.name).join(', ')}`
  }

  async run(): Promise<Reply> {
    try {
      if (this.#owner.isClosed) throw this.#failure()
      this.#askNext(this.#startedAt)
      for (;;) {
        const next = this.#asked.mailbox.next(Math.min(this.#nextAt, this.#deadline))
        const mail = next instanceof Promise ? await next : next
        const time = now()
        if (mail === undefined) this.#goOn(time)
        else {
          const reply = this.#read(mail, time)
          if (reply !== undefined) return reply
        }
      }
    } finally {
      const { length } = this.#attempts
      for (let at = 0; at < length; at++) this.#attempts[at]?.close()
    }
  }

  #read({ sent, bytes, verdict, error, wasOpen }: Mail, time: number): Reply | undefined {
    const { attempt, transport } = sent
    const { server } = attempt
    try {
      if (bytes === undefined) attempt.lost(sent, error, wasOpen, time)
      else {
        const message = attempt.receive(sent, bytes, verdict, time)
        if (message !== undefined) {
          server.answered++
          server.health.answered(time, attempt.isRepeated ? undefined : time - attempt.startedAt)
          return { message, server: server.address.name, transport, elapsedMs: time - this.#startedAt }
        }
      }
    } catch (failure) {
      this.#failed(attempt, failure, time)
    }
    return undefined
  }

  /** The next server; with none left, those that have not answered once more. */
  #askNext(time: number): void {
    for (let server = this.#servers[this.#next]; server !== undefined; server = this.#servers[this.#next]) {
      this.#next++
      const attempt = new Attempt(server, this.#asked, time)
      const isProbe = server.health.needsProbe(time)
      if (isProbe) server.health.beginProbe(time)
      server.asked++
      this.#attempts.push(attempt)
      if (!this.#send(attempt, time, false)) continue
      this.#waitFor(attempt, time, isProbe)
      return
    }
    const attempt = this.#attempts[this.#repeats++ % this.#attempts.length]
    if (attempt === undefined) throw this.#failure()
    if (this.#send(attempt, time, true)) this.#waitFor(attempt, time, false)
    else this.#askNext(time)
  }

  #waitFor(attempt: Attempt, time: number, isProbe: boolean): void {
    this.#latest = attempt
    if (isProbe && this.#next < this.#servers.length) {
      const otherMs = this.#servers[this.#next]?.health.smoothedMs(time) ?? 0
      this.#nextAt = time + Math.min(this.#intervalMs, Math.max(LEAST_PROBE_MS, 2 * otherMs))
      return
    }
    this.#nextAt = time + this.#intervalMs
    this.#intervalMs *= 2
  }

  /** False: it failed, and is ruled out. */
  #send(attempt: Attempt, time: number, isRepeated: boolean): boolean {
    try {
      if (isRepeated) attempt.repeat(time)
      else attempt.start()
      return true
    } catch (error) {
      this.#ruleOut(attempt, error, time)
      return false
    }
  }

  #failed(attempt: Attempt, error: unknown, time: number): void {
    this.#ruleOut(attempt, error, time)
    if (this.#next < this.#servers.length || this.#attempts.length === 0) this.#askNext(time)
  }

  #ruleOut(attempt: Attempt, error: unknown, time: number): void {
    const at = this.#attempts.indexOf(attempt)
    if (at < 0) return
    this.#attempts.splice(at, 1)
    attempt.close()
    const { server } = attempt
    server.health.failed(time, error instanceof DnsError ? 'refusal' : 'unreachable')
    this.#failures.push({ server: server.address.name, error })
  }

  /** The time has come to ask another, or to give up. */
  #goOn(time: number): void {
    const latest = this.#latest
    if (latest !== null && this.#attempts.includes(latest)) {
      latest.server.timedOut++
      latest.server.health.failed(time, 'timeout')
    }
    if (time < this.#deadline) this.#askNext(time)
    else this.#giveUp()
  }

  #giveUp(): never {
    for (const { server, nuisance } of this.#attempts) {
      const code = nuisance === undefined ? 'ETIMEOUT' : 'EBADRESP'
      const text = nuisance === undefined ? 'did not answer' : 'sent no answer that can be read'
      this.#failures.push({
        server: server.address.name,
        error: new DnsError(code, `${server.address.name} ${text}`, {
          server: server.address.name,
          cause: nuisance,
        }),
      })
    }
    throw this.#failure()
  }

  /** What the failures of all amount to: how the best of them did. */
  #failure(): Error {
    if (this.#owner.isClosed) return new ClosedError('the servers were closed: close() was called')
    const [first] = this.#failures
    const best = this.#failures.reduce(
      (one, other) => (rank(other.error) > rank(one.error) ? other : one),
      first as never,
    ) as { readonly server: string; readonly error: unknown } | undefined
    const { name, type } = this.#asked.question
    const error = best?.error
    const facts = { hostname: name, type, server: best?.server, attempts: this.#failures, cause: error }
    const code = codeOf(error)
    const tried = this.#failures.map((each) => `${each.server} ${codeOf(each.error)}`).join(', ')
    const extendedError = error instanceof DnsError ? error.extendedError : undefined
    return new DnsError(code, `no server answered ${name} ${type} (${tried})`, { ...facts, extendedError })
  }
}

function codeOf(error: unknown): DnsErrorCode {
  return error instanceof DnsError ? error.code : 'ECONNREFUSED'
}

function rank(error: unknown): number {
  const code = codeOf(error)
  return code === 'ECONNREFUSED' ? 0 : code === 'ETIMEOUT' ? 1 : code === 'EBADRESP' ? 2 : 3
}
