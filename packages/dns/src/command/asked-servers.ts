/** Whom to ask: what the command line says, or the system, as addresses. */
import { isIP } from 'node:net'
import { DnsError } from '../errors.js'
import type { Settings } from './arguments.js'
import type { AskedServer } from './ask.js'
import { parseServer, type ServerPoint } from './server-point.js'
import type { Surroundings } from './surroundings.js'

/** Waits for the addresses of servers that are named. Fails with `ECONNREFUSED` where there is no server, or what the lookup failed with. */
export async function serversFor(
  settings: Settings,
  surroundings: Surroundings,
): Promise<readonly AskedServer[]> {
  const given = settings.servers
  const points =
    given.length > 0
      ? given
      : surroundings.systemServers().map((text) => parseServer(text, settings.defaults))
  const found: AskedServer[] = []
  for (const point of points) found.push(...(await addressesOf(point, settings, surroundings)))
  if (found.length === 0)
    throw new DnsError('ECONNREFUSED', 'there is no server to ask: name one with --server')
  return found
}

async function addressesOf(
  { host, port, transport, tlsName }: ServerPoint,
  settings: Settings,
  surroundings: Surroundings,
): Promise<AskedServer[]> {
  const name = tlsName ?? settings.tlsName ?? (isIP(host) === 0 ? host : undefined)
  const addresses = isIP(host) === 0 ? await surroundings.resolveHost(host) : [host]
  return addresses.map((address) => ({ address, port, transport, tlsName: name }))
}
