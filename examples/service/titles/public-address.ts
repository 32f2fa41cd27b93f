/**
 * Which addresses are on the public internet. The service fetches what anybody posts: without this, anybody could have
 * it look into the network that it stands in.
 */
import { BlockList, isIPv6 } from 'node:net'

/** Of the registries of special-purpose addresses (RFC 6890 and its successors), and multicast. */
const RESERVED: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  // Inside of 2000::/3, which is all that there is of public IPv6: tunnels, which lead to any IPv4 address, and examples.
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

const reserved = new BlockList()
for (const [network, prefix] of RESERVED) reserved.addSubnet(network, prefix, familyOf(network))
const unicast = new BlockList()
unicast.addSubnet('2000::', 3, 'ipv6')

/** @param address As `dns.lookup` gives it. */
export function isPublic(address: string): boolean {
  if (address.includes('%')) return false
  return !reserved.check(address, familyOf(address)) && (!isIPv6(address) || unicast.check(address, 'ipv6'))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}
