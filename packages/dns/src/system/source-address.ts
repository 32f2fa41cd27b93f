/**
 * What this machine would send from: the kernel says so of a UDP socket that is connected (RFC 6724, 2; nothing is sent). Some
 * eight microseconds an address, without waiting.
 */
import { UdpSocket } from '@shrapnel/core'
import type { Source } from '../lookup/address-order.js'
import type { Interfaces } from './interfaces.js'

/** Discard; the port does not matter. */
const PORT = 9

/** undefined: there is no route, or no such family here. */
export function sourceAddress(to: string, interfaces: Interfaces): Source | undefined {
  const address = localAddress(to)
  if (address === undefined) return undefined
  const zone = address.indexOf('%')
  return { address, ...interfaces.own(zone === -1 ? address : address.slice(0, zone)) }
}

function localAddress(to: string): string | undefined {
  try {
    // Bound to any address: one that is bound to loopback would send from there.
    using socket = new UdpSocket({ host: to.includes(':') ? '::' : '0.0.0.0' })
    socket.connect(to, PORT)
    return socket.address.address
  } catch {
    return undefined
  }
}
