/** A name server of a test's own on loopback, UDP and TCP, that answers from a table and remembers what it was asked. */
import {
  BufferedReader,
  EndOfStream,
  type Listener,
  type Socket,
  spawn,
  tcp,
  UdpSocket,
} from '@shrapnel/core'
import { decodeMessage, encodeMessage, type Message, type ResourceRecord } from '../src/wire/index.js'

/** `name type` to the data of its records, or to a response code, or to `drop`. A name without any line does not exist. */
export type ServerTable = Readonly<Record<string, readonly object[] | 'SERVFAIL' | 'REFUSED' | 'drop'>>

export interface TableServer extends Disposable {
  readonly host: string
  readonly port: number
  /** Every question, in the order in which they came, in lower case; over TCP with `tcp ` before it. */
  readonly asked: string[]
  table: ServerTable
}

const TTL = 60

/** One server on each of `hosts`, all of them on one port. */
export function startTableServers(hosts: readonly string[], table: ServerTable): TableServer[] {
  const { port, sockets } = bindAll(hosts)
  return hosts.map((host, i) => serve(host, port, sockets[i] as Sockets, table))
}

interface Sockets {
  readonly listener: Listener
  readonly socket: UdpSocket
}

/** A port that is free for TCP may be taken for UDP, or on the next address. */
function bindAll(hosts: readonly string[]): { port: number; sockets: Sockets[] } {
  for (let round = 1; ; round++) {
    const sockets: { listener?: Listener; socket?: UdpSocket }[] = []
    let port = 0
    try {
      for (const host of hosts) {
        const bound: (typeof sockets)[number] = {}
        sockets.push(bound)
        bound.listener = tcp.listen({ host, port })
        port = bound.listener.port
        bound.socket = new UdpSocket({ host, port })
      }
      return { port, sockets: sockets as Sockets[] }
    } catch (error) {
      for (const { listener, socket } of sockets) {
        listener?.close()
        socket?.close()
      }
      if ((error as { code?: unknown }).code !== 'EADDRINUSE' || round === 20) throw error
    }
  }
}

function serve(host: string, port: number, { listener, socket }: Sockets, table: ServerTable): TableServer {
  const server: TableServer = {
    host,
    port,
    asked: [],
    table,
    [Symbol.dispose]: () => {
      socket.close()
      listener.close()
    },
  }
  spawn({ name: `name server ${host} udp`, daemon: true }, () => serveUdp(socket, server))
  spawn({ name: `name server ${host} tcp`, daemon: true }, () => serveTcp(listener, server))
  return server
}

async function serveUdp(socket: UdpSocket, server: TableServer): Promise<void> {
  for await (const { data, from } of socket) {
    const reply = replyTo(decodeMessage(data), server, '')
    if (reply !== undefined) await socket.sendTo(encodeMessage(reply), from.address, from.port)
  }
}

async function serveTcp(listener: Listener, server: TableServer): Promise<void> {
  await listener.serve(async (connection) => {
    try {
      await serveConnection(connection, server)
    } catch (error) {
      if (!(error instanceof EndOfStream)) throw error
    }
  })
}

async function serveConnection(connection: Socket, server: TableServer): Promise<void> {
  const reader = new BufferedReader(connection)
  for (;;) {
    const length = (await reader.readExact(2)).readUInt16BE(0)
    const reply = replyTo(decodeMessage(await reader.readExact(length)), server, 'tcp ')
    if (reply === undefined) continue
    const bytes = encodeMessage(reply)
    const frame = Buffer.alloc(2 + bytes.length)
    frame.writeUInt16BE(bytes.length, 0)
    frame.set(bytes, 2)
    await connection.send(frame)
  }
}

function replyTo(query: Message, server: TableServer, transport: string): Message | undefined {
  const [question] = query.questions
  if (question === undefined) return undefined
  const key = `${question.name.toLowerCase()} ${question.type}`
  server.asked.push(transport + key)
  const isThere = Object.keys(server.table).some((each) => each.startsWith(`${key.split(' ')[0]} `))
  const entry = server.table[key] ?? (isThere ? [] : 'NXDOMAIN')
  if (entry === 'drop') return undefined
  const { name, type } = question
  const data = typeof entry === 'string' ? [] : entry
  return {
    ...query,
    isResponse: true,
    recursionAvailable: true,
    rcode: typeof entry === 'string' ? entry : 'NOERROR',
    answers: data.map((each) => ({ name, type, class: 'IN', ttl: TTL, data: each }) as ResourceRecord),
    authorities: data.length === 0 ? [zoneOf(name)] : [],
    edns: undefined,
  }
}

/** Without it a denial is not remembered (RFC 2308, 5). */
function zoneOf(name: string): ResourceRecord {
  const zone = name.slice(name.lastIndexOf('.') + 1)
  const data = { mname: zone, rname: zone, serial: 1, refresh: TTL, retry: TTL, expire: TTL, minimum: TTL }
  return { name: zone, type: 'SOA', class: 'IN', ttl: TTL, data }
}
