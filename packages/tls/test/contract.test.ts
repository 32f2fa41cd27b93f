import { describeStreamContract } from '../../core/test/stream/stream-contract.js'
import { house, secured, TRANSPORTS } from './house.js'

const here = house()
const facts = { afterBreak: ['ECONNRESET', 'TRUNCATED'] }

for (const [name, connect] of TRANSPORTS) {
  describeStreamContract(`TLS on ${name}`, async () => secured(await connect(here), here), facts)
  describeStreamContract(
    `TLS on ${name}, by the server`,
    async () => {
      const [client, server] = await secured(await connect(here), here)
      return [server, client]
    },
    facts,
  )
  describeStreamContract(
    `TLS 1.2 on ${name}`,
    async () => secured(await connect(here), here, { client: { maxVersion: 'TLSv1.2' } }),
    facts,
  )
}
