/**
 * One question, until a server answers or the time is over: which server is asked when. It is one wait of the asker's coroutine, told by
 * ports and connections of what comes; when it ends, for whatever reason, nothing of the question is left on any channel.
 */
import { ClosedError, now } from '@shrapnel/core'
import { type Scope, TimedWait } from '@shrapnel/core/parts'
import { DnsError } from '../errors.js'
import type { Reply } from '../resolution.js'
import type { Question } from '../wire/index.js'
import { type Asker, Attempt } from './attempt.js'
import { type Failure, Failures } from './failures.js'
import type { Settings } from './options.js'
import { questionBytes, type Verdict } from './query.js'
import type { Sent } from './sent.js'
import type { Server } from './server.js'

/** A server that may be down is asked first, to see whether it is: the next has not to wait long for its turn. */
const LEAST_PROBE_MS = 20

interface Owner {
  readonly isClosed: boolean
}

interface Lost {
  readonly sent: Sent
  readonly error: unknown
  readonly wasOpen: boolean
}

export class Asking extends TimedWait<Reply> implements Asker {
  readonly question: Question
  readonly questionBytes: Buffer
  readonly #owner: Owner
  readonly #servers: readonly Server[]
  readonly #startedAt: number
  readonly #deadline: number
  /** Those that may still answer. */
  readonly #attempts: Attempt[] = []
  readonly #failures: Failure[] = []
  #next = 0
  #repeats = 0
  #intervalMs: number
  #latest: Attempt | null = null
  /** Channels that were lost while something else was done here: one that is closed says so at once. */
  #lost: Lost[] | null = null
  #isBusy = false

  /** `servers` in the order in which they are to be asked at `time`. Throws `EBADNAME`. */
  constructor(
    scope: Scope,
    owner: Owner,
    servers: readonly Server[],
    question: Question,
    settings: Settings,
    time: number,
  ) {
    super(scope)
    this.#owner = owner
    this.#servers = servers
    this.question = question
    this.questionBytes = questionBytes(question)
    this.#startedAt = time
    this.#deadline = time + settings.timeoutMs
    this.#intervalMs = settings.retryMs
  }

  /** Waits for the reply. */
  run(): Promise<Reply> {
    const reply = this.suspend()
    if (this.#owner.isClosed) this.fail(this.#failure())
    else this.#do(() => this.#askNext(this.#startedAt))
    return reply
  }

  describe(): string {
    const { name, type } = this.question
    return `dns ${name} ${type} from ${this.#attempts.map(({ server }) => server.address.name).join(', ')}`
  }

  onReply(sent: Sent, bytes: Buffer, verdict: Verdict): void {
    this.#do(() => this.#read(sent, bytes, verdict, now()))
  }

  onLost(sent: Sent, error: unknown, wasOpen: boolean): void {
    const lost = { sent, error, wasOpen }
    if (!this.#isBusy) this.#do(() => this.#lose(lost, now()))
    else if (this.#lost === null) this.#lost = [lost]
    else this.#lost.push(lost)
  }

  /** The time has come to ask another, or to give up. */
  protected onTime(): void {
    this.#do(() => this.#goOn(now()))
  }

  protected ended(): void {
    for (const attempt of this.#attempts) attempt.close()
  }

  /** One thing after the other. What it throws is the end. */
  #do(step: () => void): void {
    this.#isBusy = true
    try {
      step()
      for (let lost = this.#lost?.shift(); lost !== undefined; lost = this.#lost?.shift())
        this.#lose(lost, now())
    } catch (error) {
      this.fail(error)
    } finally {
      this.#isBusy = false
    }
  }

  #read(sent: Sent, bytes: Buffer, verdict: Verdict, time: number): void {
    const { attempt } = sent
    const { server } = attempt
    let reply: Reply | undefined
    try {
      reply = attempt.receive(sent, bytes, verdict, time)
    } catch (failure) {
      this.#failed(attempt, failure, time)
      return
    }
    if (reply === undefined) return
    server.answered++
    server.health.answered(time, attempt.isRepeated ? undefined : time - attempt.startedAt)
    this.wake({ ...reply, elapsedMs: time - this.#startedAt })
  }

  #lose({ sent, error, wasOpen }: Lost, time: number): void {
    try {
      sent.attempt.lost(sent, error, wasOpen, time)
    } catch (failure) {
      this.#failed(sent.attempt, failure, time)
    }
  }

  /** The next server; with none left, those that have not answered once more. */
  #askNext(time: number): void {
    for (let server = this.#servers[this.#next]; server !== undefined; server = this.#servers[this.#next]) {
      this.#next++
      const attempt = new Attempt(server, this, time)
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
    let waitMs = this.#intervalMs
    if (isProbe && this.#next < this.#servers.length) {
      const otherMs = this.#servers[this.#next]?.health.smoothedMs(time) ?? 0
      waitMs = Math.min(waitMs, Math.max(LEAST_PROBE_MS, 2 * otherMs))
    } else this.#intervalMs *= 2
    this.setTime(Math.min(time + waitMs, this.#deadline))
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
    const { health, address } = attempt.server
    health.failed(time, error instanceof DnsError ? 'refusal' : 'unreachable')
    this.#failures.push({ server: address.name, error })
  }

  #goOn(time: number): void {
    const latest = this.#latest
    if (latest !== null && this.#attempts.includes(latest)) {
      latest.server.timedOut++
      latest.server.health.failed(time, 'timeout')
    }
    if (time < this.#deadline) {
      this.#askNext(time)
      return
    }
    throw this.soFar()
  }

  /** How it would fail if the time were over. */
  soFar(): DnsError {
    const failures = new Failures(this.#failures)
    for (const { server, nuisance } of this.#attempts) failures.addSilent(server.address.name, nuisance)
    return failures.summary(this.question)
  }

  #failure(): Error {
    return this.#owner.isClosed
      ? new ClosedError('the servers were closed: close() was called')
      : new Failures(this.#failures).summary(this.question)
  }
}
