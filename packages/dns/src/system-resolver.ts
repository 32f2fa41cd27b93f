/**
 * SystemResolver: names as this machine finds them. It puts together what resolv.conf, the hosts file and nsswitch.conf say now, the servers,
 * the cache and the lookups; all of them are made elsewhere.
 */
import { type Awaitable, now } from '@shrapnel/core'
import { checkDuration, checkInteger, checkOptionNames } from '@shrapnel/core/parts'
import type { ResolveOptions, ResolverOptions } from './cache/options.js'
import type { ResolverReport } from './cache/report.js'
import type { ServerOptions } from './exchange/server-address.js'
import type { LookupResult } from './lookup/found.js'
import { installIn } from './lookup/install.js'
import { lookup } from './lookup/lookup.js'
import type { LookupOptions } from './lookup/lookup-options.js'
import type { LookupParts, LookupRules } from './lookup/parts.js'
import { type ReverseOptions, reverse } from './lookup/reverse.js'
import { type ServiceOptions, type ServiceTarget, service } from './lookup/service.js'
import { specialAnswer } from './lookup/special-names.js'
import type { RecordType, Resolution } from './resolution.js'
import { Resolver } from './resolver.js'
import { Interfaces } from './system/interfaces.js'
import type { ResolvConf } from './system/resolv-conf.js'
import { sourceAddress } from './system/source-address.js'
import { type FileReport, SystemFiles, type SystemPaths } from './system/system-files.js'
import { SystemUpstream, totalTimeoutMs } from './system-upstream.js'

export interface SystemResolverOptions {
  /** Servers in place of those of resolv.conf: `192.0.2.53`, `[2001:db8::53]:5353`, `tls://192.0.2.53#dns.example`. */
  readonly servers?: readonly (string | ServerOptions)[]
  /** For one lookup and all that it takes, in milliseconds. What resolv.conf says unless given: `timeout` times `attempts`, or 5,000 when it says neither. */
  readonly timeoutMs?: number
  /** Other files than those of the system. */
  readonly paths?: SystemPaths
  /** The port of the servers in resolv.conf. 53 unless given. */
  readonly port?: number
  /** As of `Resolver`. */
  readonly cache?: Omit<ResolverOptions, 'timeoutMs'>
}

export interface SystemReport extends ResolverReport {
  readonly resolvConf: ResolvConf
  readonly files: readonly FileReport[]
}

const NAMES: ReadonlySet<string> = new Set<keyof SystemResolverOptions>([
  'servers',
  'timeoutMs',
  'paths',
  'port',
  'cache',
])

export class SystemResolver implements Disposable {
  readonly #files: SystemFiles
  readonly #upstream: SystemUpstream
  readonly #resolver: Resolver
  readonly #parts: LookupParts
  readonly #timeoutMs: number | undefined
  #conf: ResolvConf
  #rules: LookupRules
  #resolveOptions: ResolveOptions

  /** Reads resolv.conf; opens nothing yet. Throws `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`. */
  constructor(options: SystemResolverOptions = {}) {
    checkOptionNames(options, NAMES)
    const { servers, timeoutMs, paths = {}, port, cache = {} } = options
    if (timeoutMs !== undefined) checkDuration('timeoutMs', timeoutMs)
    if (port !== undefined) checkInteger('port', port, 1, 65_535)
    this.#timeoutMs = timeoutMs
    this.#files = new SystemFiles({ paths, now })
    this.#conf = this.#files.resolvConf
    this.#rules = this.#rulesOf(this.#conf)
    this.#resolveOptions = { timeoutMs: this.#rules.lookupTimeoutMs }
    this.#upstream = new SystemUpstream(this.#conf, { servers, port, timeoutMs })
    this.#resolver = new Resolver(this.#upstream, cache)
    const interfaces = new Interfaces(now)
    this.#parts = {
      resolve: (name, type, timeoutMs) => this.#resolver.resolve(name, type, { timeoutMs }),
      rules: () => {
        this.#follow()
        return this.#rules
      },
      hosts: () => this.#files.hosts,
      order: () => this.#files.order,
      sourceOf: (address) => sourceAddress(address, interfaces),
      random: Math.random,
    }
  }

  /** The addresses of `host`: see `lookup`. */
  lookup(host: string, options?: LookupOptions): Promise<LookupResult> {
    return lookup(this.#parts, host, options)
  }

  /**
   * The records of `name`, which is absolute: neither the search list nor the hosts file is used. As `resolve` of `Resolver`; `localhost` has
   * loopback's addresses, and `.invalid` and `.onion` have nothing, without a question.
   */
  resolve<Type extends RecordType>(
    name: string,
    type: Type,
    options?: ResolveOptions,
  ): Awaitable<Resolution<Type>>
  resolve(name: string, type: string, options?: ResolveOptions): Awaitable<Resolution>
  resolve(name: string, type: string, options?: ResolveOptions): Awaitable<Resolution> {
    this.#follow()
    try {
      const special = typeof name === 'string' ? specialAnswer(name, type) : undefined
      if (special !== undefined) return special
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#resolver.resolve(
      name,
      type,
      options === undefined ? this.#resolveOptions : { ...this.#resolveOptions, ...options },
    )
  }

  /** The names of an address: see `reverse`. */
  reverse(address: string, options?: ReverseOptions): Promise<readonly string[]> {
    return reverse(this.#parts, address, options)
  }

  /** The targets of a service: see `service`. */
  service(name: string, options?: ServiceOptions): Promise<readonly ServiceTarget[]> {
    return service(this.#parts, name, options)
  }

  /** Makes `connect` of core find names here, and gives the undo. */
  install(): () => void {
    return installIn(this)
  }

  /** Forgets what is known of `name`, or of all names. Gives how many entries went. */
  flush(name?: string): number {
    return this.#resolver.flush(name)
  }

  /** The cache, questions under way, the health of the servers (`upstream`), the configuration and what is wrong with its files. */
  inspect(): SystemReport {
    const resolvConf = this.#follow()
    return { ...this.#resolver.inspect(), resolvConf, files: this.#files.inspect() }
  }

  /** Ends all: who waits gets `CLOSED`, every port and connection is closed. Idempotent. */
  close(): void {
    this.#resolver.close()
    this.#upstream.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Other servers may give other answers (a VPN came up): what the former ones said is forgotten. */
  #follow(): ResolvConf {
    const conf = this.#files.resolvConf
    if (conf === this.#conf) return conf
    this.#conf = conf
    this.#rules = this.#rulesOf(conf)
    this.#resolveOptions = { timeoutMs: this.#rules.lookupTimeoutMs }
    if (this.#upstream.follow(conf)) this.#resolver.flush()
    return conf
  }

  #rulesOf(conf: ResolvConf): LookupRules {
    return { ...conf, lookupTimeoutMs: this.#timeoutMs ?? totalTimeoutMs(conf) }
  }
}
