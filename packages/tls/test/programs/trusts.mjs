// Whom a program trusts, by what `ca` says: a line for each. argv: certificate, key, ca as PEM.
import { socketPair } from '@shrapnel/core'
import { tls } from '@shrapnel/tls'

const [cert, key, pem] = process.argv.slice(2)
const choices = {
  default: {},
  node: { ca: 'node' },
  system: { ca: 'system' },
  all: { ca: ['node', 'system', pem] },
}

for (const [name, options] of Object.entries(choices)) {
  const [left, right] = socketPair()
  const [client, server] = await Promise.allSettled([
    tls.upgrade(left, { serverName: 'localhost', ...options }).finally(() => left.close()),
    tls.upgrade(right, { cert, key, isServer: true }),
  ])
  for (const end of [client, server]) end.value?.close()
  console.log(name, client.reason?.code ?? 'trusted')
}
