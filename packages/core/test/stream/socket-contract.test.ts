import { socketPair } from '../../src/net/pair.js'
import { tcp } from '../../src/net/tcp.js'
import { describeStreamContract } from './stream-contract.js'

describeStreamContract('socket pairs', () => socketPair())

describeStreamContract(
  'TCP sockets',
  async () => {
    const server = tcp.listen({ port: 0 })
    const client = await tcp.connect('127.0.0.1', server.port)
    const accepted = await server.accept()
    server.close()
    return [client, accepted]
  },
  { afterBreak: ['ECONNRESET'] },
)
