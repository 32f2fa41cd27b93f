/** A stream that went over a bridge, or over one and back, is a Stream like any other. */
import { once } from 'node:events'
import net from 'node:net'
import { fromDuplex } from '../../src/bridge/from-duplex.js'
import { fromWeb } from '../../src/bridge/from-web.js'
import { toDuplex } from '../../src/bridge/to-duplex.js'
import { toWeb } from '../../src/bridge/to-web.js'
import { socketPair } from '../../src/net/pair.js'
import { tcp } from '../../src/net/tcp.js'
import { memoryStreamPair } from '../../src/stream/memory-stream.js'
import type { Stream } from '../../src/stream/stream.js'
import { describeStreamContract } from '../stream/stream-contract.js'
import { duplexPair, netPair, webPair } from './sides.js'

function both<T>([left, right]: readonly [T, T], over: (side: T) => Stream): [Stream, Stream] {
  return [over(left), over(right)]
}

describeStreamContract('fromDuplex over net.Socket', async () => both(await netPair(), fromDuplex), {
  // libuv takes a reset for an end if it read less before than it could have. Not so that of Node 24.
  afterBreak: [undefined, 'ECONNRESET'],
})
describeStreamContract(
  'fromDuplex over net.Socket, the other end being ours',
  async () => {
    const server = tcp.listen({ port: 0 })
    const client = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    const accepted = await server.accept()
    server.close()
    if (client.connecting) await once(client, 'connect')
    return [fromDuplex(client), accepted]
  },
  { afterBreak: ['ECONNRESET'] },
)
describeStreamContract('fromDuplex over Duplexes in memory', () => both(duplexPair(), fromDuplex), {
  afterBreak: ['ECONNRESET'],
})
describeStreamContract(
  'memory streams as Duplexes and back',
  () => both(memoryStreamPair(), (stream) => fromDuplex(toDuplex(stream))),
  { afterBreak: ['ECONNRESET'] },
)
describeStreamContract('sockets as Duplexes and back', () =>
  both(socketPair(), (stream) => fromDuplex(toDuplex(stream))),
)
describeStreamContract(
  'memory streams as web streams and back',
  () => both(memoryStreamPair(), (stream) => fromWeb(toWeb(stream))),
  { afterBreak: ['ECONNRESET'] },
)
describeStreamContract('sockets as web streams and back', () =>
  both(socketPair(), (stream) => fromWeb(toWeb(stream))),
)
describeStreamContract('fromWeb over TransformStreams', () => both(webPair(), fromWeb), {
  afterBreak: ['BROKEN'],
})
