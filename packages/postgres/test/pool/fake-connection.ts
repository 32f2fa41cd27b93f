/**
 * A server for pools that does what the test says, and nothing by itself: connections open when it lets them, queries are answered when it says
 * so. Only what a pool sees of a connection; transactions are tested with real servers.
 */
import type { Event } from '@shrapnel/core'
import { currentScope, Wait } from '@shrapnel/core/parts'
import { PostgresError } from '../../src/errors.js'
import type { PoolConnection } from '../../src/pool/pool-connection.js'
import type { QueryResult } from '../../src/query.js'
import type { TransactionStatus } from '../../src/wire/backend-message.js'

type Scope = ReturnType<typeof currentScope>
type NotificationListener = Parameters<PoolConnection['onNotification']>[0]

export class FakeServer {
  readonly connections: FakeConnection[] = []
  attempts = 0
  /** What connecting fails with. */
  failure: Error | null = null
  /** Connecting waits for this. */
  gate: Event | null = null
  /** Queries are answered at once. */
  isPrompt = true
  readonly open = async (): Promise<PoolConnection> => {
    this.attempts++
    if (this.gate !== null) await this.gate.wait()
    if (this.failure !== null) throw this.failure
    const connection = new FakeConnection(this, this.connections.length + 1)
    this.connections.push(connection)
    return connection as unknown as PoolConnection
  }

  /** Those that are open. */
  get living(): FakeConnection[] {
    return this.connections.filter((connection) => connection.isOpen)
  }

  /** All texts, in the order in which they came, with the connection. */
  readonly heard: string[] = []
}

export class FakeConnection {
  readonly id: number
  readonly target = 'fake/test'
  readonly processId: number
  readonly isReserved = false
  transactionStatus: TransactionStatus = 'idle'
  lossReason: PostgresError | undefined
  isDraining = false
  /** What `isBroken` says, or a promise of it. */
  broken: boolean | Promise<boolean> = false
  readonly queries: FakeQuery[] = []
  #whenLookedAt: (() => boolean | Promise<boolean>) | null = null
  readonly #server: FakeServer
  readonly #idle = new Set<() => void>()
  readonly #answered = new Set<() => void>()
  readonly #close = new Set<(reason: PostgresError) => void>()
  readonly #notified = new Set<NotificationListener>()

  constructor(server: FakeServer, id: number) {
    this.#server = server
    this.id = id
    this.processId = 1000 + id
  }

  get isOpen(): boolean {
    return this.lossReason === undefined
  }

  get inFlight(): number {
    return this.queries.length
  }

  get isReusable(): boolean {
    return this.isOpen && this.inFlight === 0 && this.transactionStatus === 'idle' && !this.isDraining
  }

  isBroken(): boolean | Promise<boolean> {
    return !this.isOpen || (this.#whenLookedAt?.() ?? this.broken)
  }

  /** It shows only then that the server has ended it; `later`, as over TLS. */
  breaksAtLook(later?: Promise<void>): void {
    const found = (): true => {
      this.die()
      return true
    }
    this.#whenLookedAt = () => (later === undefined ? found() : later.then(found))
  }

  onIdle(listener: () => void): () => void {
    this.#idle.add(listener)
    return () => void this.#idle.delete(listener)
  }

  onAnswer(listener: () => void): () => void {
    this.#answered.add(listener)
    return () => void this.#answered.delete(listener)
  }

  onClose(listener: (reason: PostgresError) => void): () => void {
    this.#close.add(listener)
    return () => void this.#close.delete(listener)
  }

  onNotification(listener: NotificationListener): () => void {
    this.#notified.add(listener)
    return () => void this.#notified.delete(listener)
  }

  notify(channel: string, payload: string): void {
    for (const listener of this.#notified) listener({ kind: 'notification', channel, payload, processId: 1 })
  }

  query(text: string): Promise<QueryResult<never>> {
    return this.#ask(text) as Promise<QueryResult<never>>
  }

  script(text: string): Promise<QueryResult[]> {
    return this.#ask(text) as Promise<QueryResult[]>
  }

  #ask(text: string): Promise<unknown> {
    const scope = currentScope()
    const refused = scope.refuse()
    if (refused !== null) return refused
    this.#server.heard.push(`${this.id}: ${text}`)
    const query = new FakeQuery(scope, this, text)
    if (this.lossReason !== undefined) return Promise.reject(this.lossReason)
    this.queries.push(query)
    const answered = query.suspend()
    if (this.#server.isPrompt) this.answer()
    return answered
  }

  /** Answers the first query. */
  answer(): void {
    const query = this.queries.shift()
    if (query === undefined) throw new Error(`nothing was asked of connection ${this.id}`)
    if (query.text === 'rollback') this.transactionStatus = 'idle'
    query.wake(Object.assign([], { command: 'SELECT', text: query.text, on: this.id }))
    this.#settle()
  }

  /** The server has ended what was cancelled. */
  drained(): void {
    this.isDraining = false
    this.#settle()
  }

  #settle(): void {
    if (this.queries.length > 0) for (const listener of this.#answered) listener()
    if (this.queries.length === 0 && !this.isDraining && this.isOpen)
      for (const listener of this.#idle) listener()
  }

  close(): void {
    this.end(new PostgresError('PG_CLOSED', 'closed here'))
  }

  /** The server has ended it. */
  die(): void {
    this.end(new PostgresError('PG_BROKEN', 'the server died'))
  }

  end(reason: PostgresError): void {
    if (this.lossReason !== undefined) return
    this.lossReason = reason
    for (const query of this.queries.splice(0)) query.fail(reason)
    for (const listener of this.#close) listener(reason)
  }
}

export class FakeQuery extends Wait<unknown> {
  readonly text: string
  readonly #connection: FakeConnection

  constructor(scope: Scope, connection: FakeConnection, text: string) {
    super(scope)
    this.#connection = connection
    this.text = text
  }

  protected unlink(): void {
    const { queries } = this.#connection
    queries.splice(queries.indexOf(this), 1)
    this.#connection.isDraining = true
  }

  protected override get isExternal(): boolean {
    return true
  }

  describe(): string {
    return `fake query (${this.text})`
  }
}
