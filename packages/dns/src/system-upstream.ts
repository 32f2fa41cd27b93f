/** The name servers that resolv.conf names, as it is now. Those that stay keep what is known of them when it changes. */
import type { ServersOptions } from './exchange/options.js'
import type { ServerFacts } from './exchange/server.js'
import type { ServerOptions } from './exchange/server-address.js'
import { Servers } from './exchange/servers.js'
import type { AskOptions, Reply, Upstream } from './resolution.js'
import type { ResolvConf } from './system/resolv-conf.js'
import type { Question } from './wire/index.js'

/** What resolv.conf has no word for. */
export interface SystemUpstreamOptions {
  /** In place of those of resolv.conf. */
  readonly servers?: readonly (string | ServerOptions)[] | undefined
  /** 53 unless given. */
  readonly port?: number | undefined
  /** In place of what resolv.conf says. */
  readonly timeoutMs?: number | undefined
}

/** With neither `timeout` nor `attempts` in resolv.conf, in milliseconds: their defaults would come to 10,000 for each server. */
const USUAL_TIMEOUT_MS = 5_000

/**
 * The servers have this part of it. When all are silent their own failure comes first: it is everybody's who asks meanwhile, and is
 * remembered; that of one who ran out of time is his own.
 */
const SERVERS_SHARE = 0.9

/** One time for everything, where resolv.conf has one for each try (`timeout`) and how often to try (`attempts`). */
export function totalTimeoutMs({ hasTimes, timeoutMs, attempts }: ResolvConf): number {
  return hasTimes ? timeoutMs * attempts : USUAL_TIMEOUT_MS
}

export class SystemUpstream implements Upstream {
  readonly #options: SystemUpstreamOptions
  #servers: Servers
  /** Those of former settings: queries under way go on there. */
  #former: readonly Servers[] = []
  /** Settings of `#servers`, to be compared. */
  #settings: string
  #list: string
  #isClosed = false

  constructor(conf: ResolvConf, options: SystemUpstreamOptions) {
    this.#options = options
    const { servers, ...settings } = serversOptions(conf, options)
    this.#servers = new Servers({ servers, ...settings })
    this.#settings = JSON.stringify(settings)
    this.#list = JSON.stringify(servers)
  }

  ask(question: Question, options?: AskOptions): Promise<Reply> {
    return this.#servers.ask(question, options)
  }

  inspect(): ServerFacts[] {
    return this.#servers.inspect()
  }

  /** True if other servers are asked from now on. Queries under way go on, and end what they need by themselves. */
  follow(conf: ResolvConf): boolean {
    if (this.#isClosed) return false
    const { servers, ...settings } = serversOptions(conf, this.#options)
    const list = JSON.stringify(servers)
    const isOther = list !== this.#list
    this.#list = list
    const said = JSON.stringify(settings)
    if (said !== this.#settings) {
      this.#settings = said
      this.#servers.retire()
      this.#former = [...this.#former, this.#servers].filter((each) => each.isInUse)
      this.#servers = new Servers({ servers, ...settings })
    } else if (isOther) this.#servers.replace(servers)
    return isOther
  }

  close(): void {
    this.#isClosed = true
    for (const servers of [this.#servers, ...this.#former]) servers.close()
  }
}

function serversOptions(conf: ResolvConf, options: SystemUpstreamOptions): ServersOptions {
  const { port = 53, timeoutMs = totalTimeoutMs(conf) } = options
  const transport = conf.useTcp ? 'tcp' : 'udp'
  const servers =
    options.servers ?? conf.nameservers.map((address) => ({ address, port, transport }) as const)
  return { servers, timeoutMs: SERVERS_SHARE * timeoutMs, rotate: conf.rotate }
}
