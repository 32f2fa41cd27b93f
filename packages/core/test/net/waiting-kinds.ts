/** Every kind of wait on a descriptor, brought to the point where it waits, for laws that hold for all of them. */
import { closeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@shrapnel/test-support'
import { pipe, type Socket, socketPair, tcp, UdpSocket, unix } from '../../src/index.js'
import { fill, take, tcpPair } from './connections.js'

export interface WaitingKind {
  /** What waits. It gives 'done' or fails. */
  operate(): Promise<'done'>
  /** How the wait begins its description. */
  readonly verb: string
  /** Lets one operation succeed. */
  supply(): Promise<void>
  /** Closes what is waited on. */
  close(): void
  /** Closes everything else. */
  dispose(): Promise<void> | void
}

type Ends = readonly [near: Socket, far: Socket]

const reads: Record<string, (near: Socket) => Promise<{ length: number } | number>> = {
  recv: async (near) => near.recv(1),
  recvExact: async (near) => near.recvExact(1),
  recvInto: async (near) => near.recvInto(new Uint8Array(1)),
}

function reading([near, far]: Ends, how: string): WaitingKind {
  return {
    operate: async () => {
      const got = await (reads[how] as (typeof reads)[string])(near)
      if ((typeof got === 'number' ? got : got.length) !== 1) throw new Error('not one byte')
      return 'done'
    },
    verb: 'recv',
    supply: () => far.send('x'),
    close: () => near.close(),
    dispose: () => far.close(),
  }
}

async function writing(how: 'send' | 'sendv' | 'sendFile'): Promise<WaitingKind> {
  const [near, far] = socketPair()
  await fill(near)
  const folder = await temporaryFolder()
  const file = await open(join(folder.path, 'file'), 'w+')
  await file.writeFile('xy')
  const operations = {
    send: () => near.send('xy'),
    sendv: () => near.sendv(['x', 'y']),
    sendFile: () => near.sendFile(file),
  }
  return {
    operate: async () => {
      await operations[how]()
      return 'done'
    },
    verb: how,
    supply: async () => {
      // All of it: the sender hears of room only when three quarters are free.
      await far.recv()
    },
    close: () => near.close(),
    dispose: async () => {
      far.close()
      await file.close()
      await folder.remove()
    },
  }
}

async function accepting(exclusive: boolean): Promise<WaitingKind> {
  const listener = tcp.listen({ port: 0, exclusive })
  const { port } = listener
  const clients: Socket[] = []
  return {
    operate: async () => {
      const socket = await listener.accept()
      socket.close()
      return 'done'
    },
    verb: 'accept',
    supply: async () => {
      clients.push(await tcp.connect('127.0.0.1', port))
    },
    close: () => listener.close(),
    dispose: () => {
      for (const client of clients) client.close()
    },
  }
}

export const kinds: Record<string, () => Promise<WaitingKind>> = {
  'recv from TCP': async () => {
    const { client, server } = await tcpPair()
    return reading([client, server], 'recv')
  },
  'recv from TCP over IPv6': async () => {
    const { client, server } = await tcpPair('::1')
    return reading([server, client], 'recv')
  },
  'recv from a pair': async () => reading(socketPair(), 'recv'),
  recvInto: async () => reading(socketPair(), 'recvInto'),
  recvExact: async () => reading(socketPair(), 'recvExact'),
  'recv from a pipe': async () => {
    const { reader, writer } = pipe()
    return reading([reader as unknown as Socket, writer as unknown as Socket], 'recv')
  },
  send: () => writing('send'),
  sendv: () => writing('sendv'),
  sendFile: () => writing('sendFile'),
  receiveDescriptor: () => {
    const [near, far] = socketPair()
    return Promise.resolve({
      operate: async () => {
        closeSync(await near.receiveDescriptor())
        return 'done' as const
      },
      verb: 'receiveDescriptor',
      supply: () => far.sendDescriptor(far.fd),
      close: () => near.close(),
      dispose: () => far.close(),
    })
  },
  sendDescriptor: async () => {
    const [near, far] = socketPair()
    await fill(near)
    return {
      operate: async () => {
        await near.sendDescriptor(far.fd)
        return 'done'
      },
      verb: 'sendDescriptor',
      supply: async () => {
        await far.recv()
      },
      close: () => near.close(),
      dispose: () => far.close(),
    }
  },
  'send to a pipe': async () => {
    const { reader, writer } = pipe()
    // A pipe has room for 64 KB as long as it has room for a byte, and takes up to 4096 bytes whole or not at all.
    for (let room = 16; room > 0; room--) await writer.send(Buffer.alloc(4096))
    return {
      operate: async () => {
        await writer.send(Buffer.alloc(4096))
        return 'done'
      },
      verb: 'send',
      supply: async () => {
        await take(reader, 4096)
      },
      close: () => writer.close(),
      dispose: () => reader.close(),
    }
  },
  accept: () => accepting(false),
  'accept from a shared listener': () => accepting(true),
  'accept from a UNIX listener': async () => {
    const folder = await temporaryFolder()
    const path = join(folder.path, 's')
    const listener = unix.listen({ path })
    const clients: Socket[] = []
    return {
      operate: async () => {
        const socket = await listener.accept()
        socket.close()
        return 'done'
      },
      verb: 'accept',
      supply: async () => {
        clients.push(await unix.connect(path))
      },
      close: () => listener.close(),
      dispose: async () => {
        for (const client of clients) client.close()
        await folder.remove()
      },
    }
  },
  recvFrom: async () => {
    const socket = new UdpSocket()
    const { port } = socket.address
    const sender = new UdpSocket()
    return {
      operate: async () => {
        await socket.recvFrom()
        return 'done'
      },
      verb: 'recvFrom',
      supply: () => sender.sendTo('x', '127.0.0.1', port),
      close: () => socket.close(),
      dispose: () => sender.close(),
    }
  },
}
