/** Every server that can run here does the same work as the others. */
import { beforeAll, describe, expect, test } from 'vitest'
import { IdleConnections, ping, stream } from '../src/load.js'
import { buildNative } from '../src/native-build.js'
import { withServers } from '../src/server-process.js'
import type { MemoryFigures } from '../src/servers/control.js'
import {
  C,
  GEVENT,
  GO,
  NODE_NET,
  OURS_SERVER,
  type ServerKind,
  type ServerMode,
  UVLOOP,
} from '../src/servers.js'

const SHORT = { timeMs: 100, warmMs: 20 }

beforeAll(() => buildNative(), 60_000)

/** The first three must be there; the others where they are installed. */
const kinds = [OURS_SERVER, NODE_NET, C].concat([GO, UVLOOP, GEVENT].filter((kind) => kind.command('echo')))

function onServer<Result>(kind: ServerKind, mode: ServerMode, use: (port: number) => Promise<Result>) {
  return withServers([kind], mode, async (servers) => use(servers.get(kind.name)?.port ?? 0))
}

describe.each(kinds)('$name', (kind) => {
  test('echoes on many connections', async () => {
    const { answers } = await onServer(kind, 'echo', (port) =>
      ping(port, { connections: 50, bytes: 64, ...SHORT }),
    )
    expect(answers).toBeGreaterThan(0)
  })

  const directions = [
    ['sink', 'up'],
    ['source', 'down'],
    ['duplex', 'both'],
  ] as const
  test.each(directions)('is a %s', async (mode, direction) => {
    const figures = await onServer(kind, mode, (port) => stream(port, { direction, bytes: 65_536, ...SHORT }))
    expect(figures.upBytes + figures.downBytes).toBeGreaterThan(1_000_000)
  })
})

describe.each([OURS_SERVER, NODE_NET, C])('$name', (kind) => {
  test.each(['echoed', 'discarded'] as const)('answers pings beside a hog that is %s', async (hog) => {
    const options = { connections: 20, bytes: 64, ...SHORT, hog }
    const { answers, hogBytes } = await onServer(kind, 'discard', (port) => ping(port, options))
    expect(answers).toBeGreaterThan(0)
    expect(hogBytes).toBeGreaterThan(1_000_000)
  })
})

test.each([OURS_SERVER, NODE_NET])('$name says how much memory it uses', async (kind) => {
  await withServers([kind], 'echo', async (servers) => {
    const server = servers.get(kind.name)
    const connections = await IdleConnections.open(server?.port ?? 0, 0, 100)
    const memory = await server?.ask<MemoryFigures>('memory')
    expect(memory?.rssBytes).toBeGreaterThan(memory?.heapBytes ?? Number.POSITIVE_INFINITY)
    const churned = await server?.ask<MemoryFigures>('churn')
    expect(churned?.scavenges).toBeGreaterThan(0)
    await connections.end()
  })
})
