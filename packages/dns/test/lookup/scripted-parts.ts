/** A DNS that is a table, and the files that a test says. No network. */
import { type Awaitable, Event, TimeoutError, withTimeout } from '@shrapnel/core'
import { DnsError, type DnsErrorCode } from '../../src/errors.js'
import type { LookupParts, LookupRules } from '../../src/lookup/parts.js'
import type { Resolution } from '../../src/resolution.js'
import { parseHosts } from '../../src/system/hosts-file.js'
import { parseNsswitch } from '../../src/system/nsswitch.js'
import type { ResourceRecord } from '../../src/wire/index.js'

/** `name type` to the data of its records, or to how it fails; `slow` never answers. A name without any line does not exist. */
export type Table = Readonly<Record<string, readonly unknown[] | DnsErrorCode | 'slow'>>

export interface Script {
  readonly table?: Table
  readonly hosts?: string
  readonly nsswitch?: string
  readonly rules?: Partial<LookupRules>
  readonly random?: () => number
  /** From destination to source; others cannot be reached. Every one can, unless given. */
  readonly sources?: Readonly<Record<string, string>>
  /** Answers come at once, and not as promises. */
  readonly isCached?: boolean
}

export interface ScriptedParts extends LookupParts {
  /** Every question, in the order in which they were asked. */
  readonly asked: string[]
  /** Questions that were asked and are neither answered nor cancelled. */
  readonly pending: Set<string>
  /** Lets a slow one answer. */
  readonly release: Event<void>
}

const TTL = 60

export function scriptedParts(script: Script = {}): ScriptedParts {
  const { table = {}, hosts = '', nsswitch = '', rules = {}, random = () => 0, sources } = script
  const asked: string[] = []
  const pending = new Set<string>()
  const release = new Event<void>()
  const hostsFile = parseHosts(hosts)
  const order = parseNsswitch(nsswitch)
  const names = new Set(Object.keys(table).map((key) => key.split(' ')[0]))

  const answer = (name: string, type: string): Resolution => {
    const entry = table[`${name} ${type}`]
    const facts = { hostname: name, type }
    if (entry === undefined) {
      throw new DnsError(names.has(name) ? 'ENODATA' : 'ENOTFOUND', `${name} ${type}: nothing`, facts)
    }
    if (typeof entry === 'string' && entry !== 'slow')
      throw new DnsError(entry, `${name} ${type}: ${entry}`, facts)
    const data = entry === 'slow' ? [] : entry
    const records = data.map((each) => ({ name, type, class: 'IN', ttl: TTL, data: each }) as ResourceRecord)
    return {
      name,
      type,
      canonicalName: name,
      records,
      aliases: [],
      ttl: TTL,
      isStale: false,
      source: 'network',
    }
  }
  const later = async (name: string, type: string, timeoutMs: number): Promise<Resolution> => {
    const key = `${name} ${type}`
    if (table[key] === 'slow') {
      pending.add(key)
      try {
        await withTimeout(timeoutMs, () => release.wait())
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error
        throw new DnsError('ETIMEOUT', `${key}: nothing in time`, {
          hostname: name,
          type,
          attempts: [{ server: 'scripted', error }],
        })
      } finally {
        pending.delete(key)
      }
      return answer(name, type)
    }
    return answer(name, type)
  }
  return {
    asked,
    pending,
    release,
    resolve: (name, type, timeoutMs): Awaitable<Resolution> => {
      asked.push(`${name} ${type}`)
      return script.isCached ? answer(name, type) : later(name, type, timeoutMs)
    },
    rules: () => ({
      search: [],
      ndots: 1,
      noTldQuery: false,
      singleRequest: false,
      noAaaa: false,
      lookupTimeoutMs: 5_000,
      ...rules,
    }),
    hosts: () => hostsFile,
    order: () => order,
    sourceOf: (address) => {
      const source = sources === undefined ? address : sources[address]
      return source === undefined ? undefined : { address: source }
    },
    random,
  }
}

export const a = (...addresses: string[]): readonly unknown[] => addresses.map((address) => ({ address }))
