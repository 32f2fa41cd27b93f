/**
 * Whatever happens to those who send and receive, bytes are neither lost nor doubled nor out of order: random sizes, random
 * ways to receive, timeouts and interrupts at random moments. A failure names its seed.
 */
import { seededRandom } from '@shrapnel/test-support'
import { expect, test } from 'vitest'
import {
  type Coroutine,
  pipe,
  type Socket,
  sleep,
  socketPair,
  spawn,
  withTimeout,
  yieldSlice,
} from '../../src/index.js'
import { digest, outcomeOf, patterned, tcpPair } from './connections.js'

interface Line {
  readonly sender: Pick<Socket, 'send' | 'sendv' | 'close'>
  readonly receiver: Pick<Socket, 'recv' | 'recvInto' | 'recvExact' | 'close'>
}

const lines: Record<string, () => Promise<Line> | Line> = {
  TCP: async () => {
    const { client, server } = await tcpPair()
    return { sender: client, receiver: server }
  },
  'TCP with a small send buffer': async () => {
    const { client, server } = await tcpPair()
    client.setOption('sendBufferBytes', 5000)
    return { sender: client, receiver: server }
  },
  'a pair': () => {
    const [sender, receiver] = socketPair()
    return { sender, receiver }
  },
  'a pipe': () => {
    const { reader, writer } = pipe()
    return { sender: writer, receiver: reader }
  },
}

const SEEDS = Array.from({ length: 12 }, (_, i) => i + 1)

test.each(Object.keys(lines).flatMap((line) => SEEDS.map((seed) => [line, seed] as const)))(
  'over %s, seed %i, what is received is what was sent',
  async (name, seed) => {
    const random = seededRandom(seed)
    const below = (limit: number): number => Math.floor(random() * limit)
    const { sender, receiver } = await (lines[name] as (typeof lines)[string])()
    const largest = [10, 3000, 70_000, 400_000][below(4)] as number
    const bytes = patterned(Math.min(100 * largest, 1_000_000), seed)

    const sending = spawn(async () => {
      for (let at = 0; at < bytes.length; ) {
        const block = bytes.subarray(at, at + 1 + below(largest))
        const cut = below(block.length)
        if (below(2) === 0) await sender.send(block)
        else await sender.sendv([block.subarray(0, cut), block.subarray(cut)])
        at += block.length
        if (below(20) === 0) await (below(2) === 0 ? yieldSlice() : sleep(1))
      }
      sender.close()
    })

    const got: Buffer[] = []
    async function receiveOnce(): Promise<boolean> {
      const max = 1 + below(below(2) === 0 ? 100 : 100_000)
      const how = below(4)
      let block: Buffer
      if (how === 0) {
        const target = Buffer.alloc(max)
        block = target.subarray(0, await receiver.recvInto(target))
      } else if (how === 1) {
        // Its failure leaves what came to the next receive.
        block = await receiver.recvExact(Math.min(max, 2000))
      } else {
        block = await receiver.recv(max)
      }
      if (block.length > 0) got.push(Buffer.from(block))
      return block.length > 0
    }
    let isOver = false
    const receiving: Coroutine<void> = spawn(async () => {
      for (;;) {
        try {
          const goOn = below(3) === 0 ? await withTimeout(below(3), receiveOnce) : await receiveOnce()
          if (!goOn) return
        } catch (error) {
          const { code } = error as { code: string }
          // The stream ended within a recvExact: what there was is still to be received.
          if (!['TIMEOUT', 'INTERRUPTED', 'END_OF_STREAM'].includes(code)) throw error
        }
        if (below(50) === 0) await yieldSlice().catch(() => {})
      }
    })
    const pestering = spawn(async () => {
      while (!isOver) {
        receiving.interrupt()
        for (let i = below(5); i >= 0; i--) await yieldSlice()
      }
    })
    expect(await outcomeOf(sending)).toBeUndefined()
    expect(await outcomeOf(receiving)).toBeUndefined()
    isOver = true
    await pestering.join()
    const all = Buffer.concat(got)
    expect(all.length).toBe(bytes.length)
    expect(digest(all)).toBe(digest(bytes))
    receiver.close()
  },
)
