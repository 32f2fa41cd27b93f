/** The three ports. One that is taken is said so, with what to do about it. */
import { type Listener, tcp } from '@shrapnel/core'
import { type Handler, type Server, serve } from '@shrapnel/http'
import { throwawayCertificate } from './certificate.js'
import type { Options } from './options.js'

export interface Listeners {
  readonly http: Server
  readonly https: Server
  readonly telnet: Listener
}

/** Something that the user can put right: the message is all there is to say. */
export class StartError extends Error {}

export async function listen(
  { host, port, tlsPort, telnetPort }: Options,
  handler: Handler,
): Promise<Listeners> {
  const telnet = await taking('--telnet-port', telnetPort, () => tcp.listen({ host, port: telnetPort }))
  const http = await taking('--port', port, () => serve({ host, port }, handler))
  const tls = await throwawayCertificate()
  const https = await taking('--tls-port', tlsPort, () => serve({ host, port: tlsPort, tls }, handler))
  return { http, https, telnet }
}

async function taking<T>(option: string, port: number, listen: () => T | Promise<T>): Promise<T> {
  try {
    return await listen()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE')
      throw new StartError(`Port ${port} is taken. Choose another: npm start -- ${option} ${port + 1}`)
    if (code === 'EACCES') throw new StartError(`Port ${port} is not for everybody: ${option} 8080, say.`)
    if (code === 'EADDRNOTAVAIL') throw new StartError('--host is not an address of this machine.')
    throw error
  }
}
