/**
 * The servers that one asks: which of them, how they do, and what is open to them. Stands below cache and resolver, and knows of no
 * search list, no aliases and no time to live: a question goes out as it is, and what comes back was checked to be its answer.
 */
import { now } from '@shrapnel/core'
import { currentScope } from '@shrapnel/core/parts'
import type { AskOptions, Reply, Upstream } from '../resolution.js'
import type { Question } from '../wire/index.js'
import { Asking } from './asking.js'
import { ranked } from './health.js'
import { checkServers, checkSettings, type ServersOptions, type Settings } from './options.js'
import { Server, type ServerFacts } from './server.js'
import type { ServerAddress, ServerOptions } from './server-address.js'

export class Servers implements Upstream, Disposable {
  readonly #settings: Settings
  #servers: readonly Server[]
  /** Replaced by others, with queries under way. */
  #former: readonly Server[] = []
  #turn = 0
  #isClosed = false

  /** Opens nothing yet. Throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_UNKNOWN_OPTION`. */
  constructor(options: ServersOptions) {
    this.#settings = checkSettings(options)
    this.#servers = checkServers(options.servers).map((address) => new Server(address, this.#settings))
  }

  /**
   * The first usable reply (NOERROR or NXDOMAIN) of any server. Waits at most `timeoutMs` for all of it. Cancelling leaves no query, no
   * port and no coroutine; a TCP connection stays for the next query, until it is idle for long enough. Fails with `ETIMEOUT`,
   * `ECONNREFUSED`, `ESERVFAIL`, `EREFUSED`, `EFORMERR`, `ENOTIMP`, `ERCODE`, `EBADRESP`: how the best server did, with all of them in
   * `attempts`; with `CLOSED` after `close`.
   */
  ask(question: Question, options: AskOptions = {}): Promise<Reply> {
    const time = now()
    try {
      const scope = currentScope()
      const refused = scope.refuse()
      if (refused !== null) return refused
      const asking = new Asking(scope, this, this.#order(time), question, this.#settings, time)
      options.onStart?.(() => asking.soFar())
      return asking.run()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  #order(time: number): readonly Server[] {
    const servers = this.#servers
    if (!this.#settings.rotate || servers.length === 1) return ranked(servers, time)
    const first = this.#turn++ % servers.length
    return ranked([...servers.slice(first), ...servers.slice(0, first)], time)
  }

  /** Other servers from now on, as when resolv.conf changed. What is known of those that stay is kept; queries under way go on. */
  replace(servers: readonly (string | ServerOptions)[]): void {
    const before = this.#servers
    this.#servers = checkServers(servers).map((address) => {
      const known = before.find((server) => isSame(server.address, address))
      return known ?? new Server(address, this.#settings)
    })
    const replaced = before.filter((server) => !this.#servers.includes(server))
    for (const server of replaced) server.retire()
    this.#former = [...this.#former, ...replaced].filter((server) => server.isInUse)
  }

  /** Whether a port or a connection is open to any of them, as while a question is under way. */
  get isInUse(): boolean {
    return [...this.#servers, ...this.#former].some((server) => server.isInUse)
  }

  /** Others take their place: questions under way go on, and what they leave behind is closed. */
  retire(): void {
    for (const server of this.#servers) server.retire()
  }

  /** How each server does, in the order given. */
  inspect(): ServerFacts[] {
    const time = now()
    return this.#servers.map((server) => server.facts(time))
  }

  /** Closes every port and connection; queries under way fail with `CLOSED`. Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const server of [...this.#servers, ...this.#former]) server.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function isSame(one: ServerAddress, other: ServerAddress): boolean {
  return one.name === other.name && one.serverName === other.serverName && one.tls === other.tls
}
