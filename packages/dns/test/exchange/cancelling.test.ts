/** Whoever gives up, at whatever moment, leaves no port, no connection, no coroutine and no query; and the servers go on. */
import { type Coroutine, Interrupted, tcp, whereAll, withTimeout } from '@shrapnel/core'
import { describe, expect, test } from 'vitest'
import { Servers } from '../../src/exchange/servers.js'
import type { Reply } from '../../src/resolution.js'
import { addressIn, asking, failureOf, leavesNothing, QUESTION, questionOf, until } from './asking.js'
import { HONEST, LyingServer, refusal, reply } from './lying-server.js'

/** A port that takes connections and never says anything, not even in a handshake. */
function deafPort(): { readonly port: number; close(): void } {
  return tcp.listen({ port: 0 })
}

describe('cancelled, it leaves nothing', () => {
  test('before it has begun', async () => {
    using server = new LyingServer(() => {})
    await leavesNothing({ servers: [server.address] }, async (servers) => {
      const asker = asking(servers)
      asker.interrupt()
      expect(await failureOf(asker.join())).toBeInstanceOf(Interrupted)
    })
  })

  test('while a datagram is out', async () => {
    using server = new LyingServer(() => {})
    await leavesNothing({ servers: [server.address] }, async (servers) => {
      await givesUp(asking(servers), () => server.heard.length === 1)
    })
  })

  test('while a second server is asked too', async () => {
    using one = new LyingServer(() => {})
    using other = new LyingServer(() => {})
    await leavesNothing({ servers: [one.address, other.address], retryMs: 5 }, async (servers) => {
      await givesUp(asking(servers), () => one.heard.length > 1 && other.heard.length > 0)
    })
  })

  test('after a refusal, on the second server', async () => {
    using one = new LyingServer((heard) => heard.say(refusal(heard, 'SERVFAIL')))
    using other = new LyingServer(() => {})
    await leavesNothing({ servers: [one.address, other.address] }, async (servers) => {
      await givesUp(asking(servers), () => other.heard.length === 1)
    })
  })

  test('while TCP is asked because the datagram was truncated', async () => {
    using server = new LyingServer(
      (heard) => heard.transport === 'udp' && heard.say(reply(heard, { isTruncated: true })),
    )
    await leavesNothing({ servers: [server.address], idleTimeoutMs: 0 }, async (servers) => {
      await givesUp(asking(servers), () => server.heard.length === 2)
      await until(() => servers.inspect()[0]?.openConnections === 0)
    })
  })

  test('while a TLS handshake goes on', async () => {
    const deaf = deafPort()
    await leavesNothing({ servers: [`tls://127.0.0.1:${deaf.port}`] }, async (servers) => {
      await givesUp(asking(servers), () => String(whereAll()).includes('handshake'))
    })
    deaf.close()
  })

  test('before the connection is made', async () => {
    const deaf = deafPort()
    await leavesNothing({ servers: [`tcp://127.0.0.1:${deaf.port}`] }, async (servers) => {
      await givesUp(asking(servers), () => servers.inspect()[0]?.openConnections === 1)
    })
    deaf.close()
  })

  test('while it waits for room on a connection', async () => {
    using server = new LyingServer(() => {})
    const options = { maxQueriesPerConnection: 1, maxConnections: 1, idleTimeoutMs: 0 }
    await leavesNothing({ servers: [`tcp://${server.address}`], ...options }, async (servers) => {
      const first = asking(servers)
      await until(() => server.heard.length === 1)
      await givesUp(asking(servers), () => servers.inspect()[0]?.queued === 1)
      expect(servers.inspect()[0]?.queued).toBe(0)
      await givesUp(first, () => true)
    })
  })

  test('a hundred at once', async () => {
    using server = new LyingServer(() => {})
    await leavesNothing(
      { servers: [server.address, `tcp://${server.address}`], retryMs: 5, idleTimeoutMs: 0 },
      async (servers) => {
        const askers = Array.from({ length: 100 }, (_, index) =>
          asking(servers, questionOf(`n${index}.test`)),
        )
        await until(() => server.heard.length >= 150)
        for (const asker of askers) asker.interrupt()
        for (const asker of askers) expect(await failureOf(asker.join())).toBeInstanceOf(Interrupted)
      },
    )
  })

  test('after any number of turns', async () => {
    using server = new LyingServer((heard) =>
      heard.say(reply(heard, { isTruncated: heard.transport === 'udp' })),
    )
    for (let turns = 0; turns < 12; turns++) {
      await leavesNothing({ servers: [server.address], idleTimeoutMs: 0 }, async (servers) => {
        const asker = asking(servers)
        for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
        asker.interrupt()
        await asker.join().catch((error: unknown) => expect(error).toBeInstanceOf(Interrupted))
      })
    }
  })
})

test("an outer timeout ends it as the outer timeout's own", async () => {
  using server = new LyingServer(() => {})
  await leavesNothing({ servers: [server.address] }, async (servers) => {
    expect(await failureOf(withTimeout(20, () => servers.ask(QUESTION)))).toMatchObject({ code: 'TIMEOUT' })
  })
})

test('one that gives up does not disturb the others on its port or connection', async () => {
  for (const scheme of ['udp', 'tcp']) {
    using server = new LyingServer(() => {})
    using servers = new Servers({ servers: [`${scheme}://${server.address}`] })
    const askers = Array.from({ length: 6 }, (_, index) => asking(servers, questionOf(`n${index}.test`)))
    await until(() => server.heard.length === 6)
    for (const asker of askers.slice(0, 3)) {
      asker.interrupt()
      expect(await failureOf(asker.join())).toBeInstanceOf(Interrupted)
    }
    for (const heard of server.heard) heard.say(reply(heard))
    for (const asker of askers.slice(3)) expect(addressIn(await asker.join())).toBe(HONEST)
    server.script = (heard) => heard.say(reply(heard))
    expect(addressIn(await servers.ask(QUESTION))).toBe(HONEST)
  }
})

test('answered and with connections not kept, nothing is left either', async () => {
  using server = new LyingServer((heard) =>
    heard.say(reply(heard, { isTruncated: heard.transport === 'udp' })),
  )
  await leavesNothing({ servers: [server.address], idleTimeoutMs: 0 }, async (servers) => {
    for (let round = 0; round < 5; round++) await servers.ask(QUESTION)
  })
})

test('close() fails whoever asks with CLOSED, and leaves nothing', async () => {
  using server = new LyingServer(() => {})
  await leavesNothing(
    { servers: [server.address, `tcp://${server.address}`], retryMs: 5 },
    async (servers) => {
      const askers = [asking(servers), asking(servers)]
      await until(() => server.questions.some((each) => each.startsWith('tcp')))
      servers.close()
      for (const asker of askers) expect(await failureOf(asker.join())).toMatchObject({ code: 'CLOSED' })
      expect(await failureOf(servers.ask(QUESTION))).toMatchObject({ code: 'CLOSED' })
    },
  )
})

async function givesUp(asker: Coroutine<Reply>, when: () => boolean): Promise<void> {
  await until(when)
  asker.interrupt()
  expect(await failureOf(asker.join())).toBeInstanceOf(Interrupted)
}
