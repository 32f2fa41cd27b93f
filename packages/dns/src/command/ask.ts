/** What the command needs of the network: one question, and servers to ask. Given to it, so that tests need none. */
import type { Reply, Transport } from '../resolution.js'
import type { Question } from '../wire/index.js'

export interface AskedServer {
  readonly address: string
  readonly port: number
  readonly transport: Transport
  /** What its certificate must be for. Undefined: the address. */
  readonly tlsName: string | undefined
}

export interface AskOptions {
  readonly recursionDesired: boolean
  readonly dnssecOk: boolean
  /** PEM: whom to trust with TLS. */
  readonly tlsCa: string | undefined
  /** For everything that it takes. */
  readonly timeoutMs: number
}

/**
 * The first reply of `servers`, which are asked until one answers, NXDOMAIN included. Waits at most `timeoutMs`; cancelling leaves nothing
 * behind. Fails with a DnsError: a server's refusal, or no usable reply.
 */
export type Ask = (question: Question, servers: readonly AskedServer[], options: AskOptions) => Promise<Reply>
