/** What the command needs of the network: one question to one server. Given to it, so that tests need none. */
import type { Reply } from '../resolution.js'
import type { Question } from '../wire/message.js'
import type { ServerPoint } from './server-point.js'

export interface AskOptions {
  readonly timeoutMs: number
  readonly recursionDesired: boolean
  readonly dnssecOk: boolean
  /** PEM, and the name to verify: of TLS. */
  readonly tlsCa: string | undefined
  readonly tlsName: string | undefined
}

/**
 * The reply of `server`, whatever its rcode. Waits for it, `timeoutMs` at most; cancelling leaves nothing behind. Fails with a DnsError
 * without a usable reply.
 */
export type Ask = (question: Question, server: ServerPoint, options: AskOptions) => Promise<Reply>
