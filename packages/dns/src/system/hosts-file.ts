/**
 * /etc/hosts as glibc reads it (hosts(5), nss/nss_files/files-hosts.c, with `multi on`): a line with a wrong address is left out.
 * Nothing is opened here.
 */
import { type Address, parseAddress } from '../lookup/address.js'
import { MAX_HOSTS_LINES, MAX_NAMES_PER_LINE } from './limits.js'
import { Problems } from './problems.js'

export type Family = 4 | 6

export interface HostsEntry {
  /** In the form of RFC 5952. */
  readonly address: string
  readonly family: Family
  /** At least one; the first is the canonical one. In the case in which they are written. */
  readonly names: readonly string[]
}

export class HostsFile {
  readonly problems: readonly string[]
  readonly #byName: ReadonlyMap<string, readonly HostsEntry[]>
  readonly #byAddress: ReadonlyMap<string, readonly HostsEntry[]>

  /** Made by `parseHosts`. */
  constructor(entries: readonly HostsEntry[], problems: readonly string[]) {
    this.problems = problems
    const byName = new Map<string, HostsEntry[]>()
    const byAddress = new Map<string, HostsEntry[]>()
    for (const entry of entries) {
      add(byAddress, plainAddress(entry.address), entry)
      for (const name of entry.names) add(byName, name.toLowerCase(), entry)
    }
    this.#byName = byName
    this.#byAddress = byAddress
  }

  /** Different addresses. */
  get size(): number {
    return this.#byAddress.size
  }

  /** The lines with that name, in the order of the file. Compared without case; a last dot is part of a name. */
  named(name: string): readonly HostsEntry[] {
    return this.#byName.get(name.toLowerCase()) ?? NONE
  }

  /** The lines with that address, which is in the form of RFC 5952. */
  withAddress(address: string): readonly HostsEntry[] {
    return this.#byAddress.get(plainAddress(address)) ?? NONE
  }
}

const NONE: readonly HostsEntry[] = []

/** An IPv4 address is itself when it is written in IPv6. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

function add(index: Map<string, HostsEntry[]>, key: string, entry: HostsEntry): void {
  const entries = index.get(key)
  if (entries === undefined) index.set(key, [entry])
  else if (entries.at(-1) !== entry) entries.push(entry)
}

/** Never fails. */
export function parseHosts(text: string): HostsFile {
  const problems = new Problems()
  const entries: HostsEntry[] = []
  let number = 0
  for (const line of text.split('\n')) {
    number++
    const comment = line.indexOf('#')
    const words = (comment === -1 ? line : line.slice(0, comment)).split(/\s+/)
    if (words[0] === '') words.shift()
    if (words.at(-1) === '') words.pop()
    const [address, ...names] = words
    if (address === undefined) continue
    const parsed = hostsAddress(address)
    if (parsed === undefined) problems.add(number, 'not an address')
    else if (names.length === 0) problems.add(number, 'an address without a name')
    else if (entries.length === MAX_HOSTS_LINES) {
      problems.add(number, `more than ${MAX_HOSTS_LINES} addresses: the rest is left out`)
      break
    } else {
      if (names.length > MAX_NAMES_PER_LINE) problems.add(number, `more than ${MAX_NAMES_PER_LINE} names`)
      entries.push({ address: parsed.text, family: parsed.family, names: names.slice(0, MAX_NAMES_PER_LINE) })
    }
  }
  return new HostsFile(entries, problems.list)
}

/** glibc takes no zone here. */
function hostsAddress(text: string): Address | undefined {
  return text.includes('%') ? undefined : parseAddress(text)
}
