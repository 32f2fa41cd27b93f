/**
 * What is known of this machine's own addresses: their prefixes, and on Linux whether one is deprecated or a home address. Read when it
 * is used, at most once a second.
 */
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { formatIpv6 } from '../wire/address.js'

export interface OwnAddress {
  readonly prefixBits: number
  readonly isDeprecated: boolean
  readonly isHome: boolean
  readonly isTunnelled: boolean
}

const READ_INTERVAL_MS = 1_000
/** linux/if_addr.h: IFA_F_HOMEADDRESS, IFA_F_DEPRECATED. */
const HOME = 0x10
const DEPRECATED = 0x20
/** linux/if_arp.h: ARPHRD_TUNNEL, TUNNEL6, SIT, IPGRE, IP6GRE. */
const TUNNELS: ReadonlySet<string> = new Set(['768', '769', '776', '778', '823'])

export class Interfaces {
  readonly #now: () => number
  readonly #read: () => ReadonlyMap<string, OwnAddress>
  #readAt = -Infinity
  #addresses: ReadonlyMap<string, OwnAddress> = new Map()

  constructor(now: () => number, read: () => ReadonlyMap<string, OwnAddress> = readInterfaces) {
    this.#now = now
    this.#read = read
  }

  /** Without a zone. */
  own(address: string): OwnAddress | undefined {
    const time = this.#now()
    if (time - this.#readAt >= READ_INTERVAL_MS) {
      this.#readAt = time
      this.#addresses = this.#read()
    }
    return this.#addresses.get(address)
  }
}

function readInterfaces(): Map<string, OwnAddress> {
  const flags = readFlags()
  const addresses = new Map<string, OwnAddress>()
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    const isTunnelled = TUNNELS.has(contentOf(`/sys/class/net/${name}/type`).trim())
    for (const { address, cidr } of entries ?? []) {
      const flag = flags.get(address) ?? 0
      addresses.set(address, {
        prefixBits: Number(cidr?.split('/')[1] ?? (address.includes(':') ? 64 : 32)),
        isDeprecated: (flag & DEPRECATED) !== 0,
        isHome: (flag & HOME) !== 0,
        isTunnelled,
      })
    }
  }
  return addresses
}

/** proc(5), /proc/net/if_inet6: address, index, prefix length, scope, flags, name. */
function readFlags(): Map<string, number> {
  const flags = new Map<string, number>()
  for (const line of contentOf('/proc/net/if_inet6').split('\n')) {
    const match = /^([\da-f]{32}) \w+ \w+ \w+ (\w+)/.exec(line)
    if (match !== null)
      flags.set(
        formatIpv6(Buffer.from(match[1] as string, 'hex'), 0),
        Number.parseInt(match[2] as string, 16),
      )
  }
  return flags
}

/** Empty where there is no such file: on other systems than Linux. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
