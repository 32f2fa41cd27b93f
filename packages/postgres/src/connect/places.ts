/** Hosts, addresses and ports to places: as many of each as there are hosts, or one port for all. */
import { unusable } from './option-kinds.js'
import type { Settings } from './option-table.js'
import { placeAt, type ServerPlace } from './server-place.js'
import { defaultSocketFolder } from './socket-folders.js'

const DEFAULT_PORT = 5432
const MAX_HOSTS = 256

/** Throws PG_OPTION. */
export function resolvePlaces({ host, hostAddress, port = [] }: Settings): readonly ServerPlace[] {
  const count = Math.max(host?.length ?? 0, hostAddress?.length ?? 0, 1)
  if (count > MAX_HOSTS) throw unusable('host', `has more than ${MAX_HOSTS} hosts`)
  if (host !== undefined && hostAddress !== undefined && host.length !== hostAddress.length)
    throw unusable('hostAddress', `has ${hostAddress.length} addresses, and host has ${host.length}`)
  if (port.length > 1 && port.length !== count)
    throw unusable('port', `has ${port.length} ports for ${count} hosts`)
  return Array.from({ length: count }, (_, i) => {
    const address = hostAddress?.[i] || undefined
    const at = port[port.length === 1 ? 0 : i] ?? DEFAULT_PORT
    return placeAt(host?.[i] || address || defaultSocketFolder(at), at, address)
  })
}
