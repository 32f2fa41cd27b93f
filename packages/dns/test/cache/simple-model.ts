/** What a Resolver does, said as simply as possible: one list of facts, one of questions, one of askers. For comparing; never fast. */

export type Answer =
  | { readonly says: 'address'; readonly ttl: number }
  | { readonly says: 'no name' | 'no data' | 'failure'; readonly ttl?: undefined }

export interface Asker {
  readonly name: string
  readonly type: string
  readonly deadline: number
  readonly timeoutMs: number
  /** Undefined while he waits: an address, or the code of an error. */
  outcome: string | undefined
}

interface Fact {
  readonly name: string
  readonly type: string
  readonly outcome: string
  readonly isFailure: boolean
  readonly expiresAt: number
  readonly failures: number
}

interface Query {
  readonly name: string
  readonly type: string
  readonly startedAt: number
  askers: Asker[]
  isForgotten: boolean
}

export const NEGATIVE_SECONDS = 7
const USUAL_TIMEOUT_MS = 5_000
const FIRST_FAILURE_SECONDS = 5
const LAST_FAILURE_SECONDS = 30

export class SimpleModel {
  time = 0
  asked = 0
  facts: Fact[] = []
  queries: Query[] = []
  readonly askers: Asker[] = []
  #addresses = 0

  ask(name: string, type: string, timeoutMs: number): void {
    const asker: Asker = {
      name,
      type,
      timeoutMs,
      deadline: this.time + timeoutMs,
      outcome: this.#known(name, type)?.outcome,
    }
    this.askers.push(asker)
    if (asker.outcome !== undefined) return
    let query = this.queries.find((each) => each.name === name && each.type === type && !each.isForgotten)
    if (query === undefined) {
      query = { name, type, startedAt: this.time, askers: [], isForgotten: false }
      this.queries.push(query)
      this.asked++
    }
    query.askers.push(asker)
  }

  /** The address that the next answer with one has. */
  nextAddress(): string {
    return `192.0.2.${++this.#addresses % 256}`
  }

  answer(query: Query, answer: Answer, address: string): void {
    this.queries = this.queries.filter((each) => each !== query)
    const outcomes = { address, 'no name': 'ENOTFOUND', 'no data': 'ENODATA', failure: 'ESERVFAIL' }
    const outcome = outcomes[answer.says]
    for (const asker of query.askers) asker.outcome = outcome
    if (query.isForgotten) return
    if (answer.says === 'failure') this.#fail(query, outcome)
    else this.#learn(query, answer, outcome)
  }

  advance(ms: number): void {
    const until = this.time + ms
    for (;;) {
      const due = this.askers.filter(({ outcome, deadline }) => outcome === undefined && deadline <= until)
      const next = due.sort((a, b) => a.deadline - b.deadline)[0]
      if (next === undefined) break
      this.time = next.deadline
      const query = this.#leave(next, 'ETIMEOUT')
      const hadItsTime = next.timeoutMs >= USUAL_TIMEOUT_MS && this.time - query.startedAt >= USUAL_TIMEOUT_MS
      if (query.askers.length === 0 && hadItsTime && !query.isForgotten) this.#fail(query, 'ETIMEOUT')
    }
    this.time = until
  }

  cancel(asker: Asker): void {
    if (asker.outcome === undefined) this.#leave(asker, 'INTERRUPTED')
  }

  flush(name: string): void {
    this.facts = this.facts.filter((fact) => fact.name !== name)
    for (const query of this.queries) if (query.name === name) query.isForgotten = true
  }

  /** What holds now. */
  get known(): string[] {
    return this.facts
      .filter(({ expiresAt }) => this.time < expiresAt)
      .map(({ name, type, expiresAt }) => `${name} ${type} ${Math.floor((expiresAt - this.time) / 1_000)}`)
      .sort()
  }

  #leave(asker: Asker, outcome: string): Query {
    const query = this.queries.find(({ askers }) => askers.includes(asker)) as Query
    asker.outcome = outcome
    query.askers = query.askers.filter((each) => each !== asker)
    if (query.askers.length === 0) this.queries = this.queries.filter((each) => each !== query)
    return query
  }

  #find(name: string, type: string): Fact | undefined {
    return this.facts.find((fact) => fact.name === name && (fact.type === type || fact.type === '*'))
  }

  #known(name: string, type: string): Fact | undefined {
    const fact = this.#find(name, type)
    return fact !== undefined && this.time < fact.expiresAt ? fact : undefined
  }

  #learn({ name, type }: Query, answer: Answer, outcome: string): void {
    const seconds = answer.ttl ?? NEGATIVE_SECONDS
    const covers = answer.says === 'no name'
    this.facts = this.facts.filter(
      (fact) => fact.name !== name || (fact.type !== type && fact.type !== '*' && !covers),
    )
    if (seconds === 0) return
    const expiresAt = this.time + 1_000 * seconds
    this.facts.push({ name, type: covers ? '*' : type, outcome, isFailure: false, expiresAt, failures: 0 })
  }

  #fail({ name, type }: Query, outcome: string): void {
    const before = this.#find(name, type)
    if (before !== undefined && !before.isFailure && this.time < before.expiresAt) return
    const isAgain = before?.isFailure && this.time < before.expiresAt + 1_000 * LAST_FAILURE_SECONDS
    const failures = isAgain ? before.failures + 1 : 1
    const seconds = Math.min(FIRST_FAILURE_SECONDS * 2 ** (failures - 1), LAST_FAILURE_SECONDS)
    this.facts = this.facts.filter((fact) => fact !== before)
    this.facts.push({
      name,
      type,
      outcome,
      isFailure: true,
      expiresAt: this.time + 1_000 * seconds,
      failures,
    })
  }
}
