/** A stream that went over a bridge, or over one and back, is a Stream like any other. */
import { fromDuplex } from '../../src/bridge/from-duplex.js'
import { fromWeb } from '../../src/bridge/from-web.js'
import { toDuplex } from '../../src/bridge/to-duplex.js'
import { toWeb } from '../../src/bridge/to-web.js'
import { socketPair } from '../../src/net/pair.js'
import { memoryStreamPair } from '../../src/stream/memory-stream.js'
import type { Stream } from '../../src/stream/stream.js'
import { describeStreamContract } from '../stream/stream-contract.js'
import { duplexPair, netPair, webPair } from './sides.js'

function both<T>([left, right]: readonly [T, T], over: (side: T) => Stream): [Stream, Stream] {
  return [over(left), over(right)]
}

// A net.Socket that is destroyed while it writes ends the connection as if it were done; nothing of ours can change that.
describeStreamContract('fromDuplex over net.Socket', async () => both(await netPair(), fromDuplex))
describeStreamContract('fromDuplex over Duplexes in memory', () => both(duplexPair(), fromDuplex), {
  codeAfterBreak: 'ECONNRESET',
})
describeStreamContract(
  'memory streams as Duplexes and back',
  () => both(memoryStreamPair(), (stream) => fromDuplex(toDuplex(stream))),
  { codeAfterBreak: 'ECONNRESET' },
)
describeStreamContract('sockets as Duplexes and back', () =>
  both(socketPair(), (stream) => fromDuplex(toDuplex(stream))),
)
describeStreamContract(
  'memory streams as web streams and back',
  () => both(memoryStreamPair(), (stream) => fromWeb(toWeb(stream))),
  { codeAfterBreak: 'ECONNRESET' },
)
describeStreamContract('sockets as web streams and back', () =>
  both(socketPair(), (stream) => fromWeb(toWeb(stream))),
)
describeStreamContract('fromWeb over TransformStreams', () => both(webPair(), fromWeb), {
  codeAfterBreak: 'BROKEN',
})
