/** What a handler is given, and what it gives back. */
import type { Awaitable, SocketAddress } from '@shrapnel/core'
import type { Transport } from '../resolution.js'
import type { EdnsOption, Message, Question, ResourceRecord } from '../wire/index.js'

/** One question of a client. */
export interface Query {
  readonly question: Question
  /** All of what the client sent. It has one question, and is no answer. */
  readonly message: Message
  readonly transport: Transport
  /** Who asks, as far as one can know: a UDP datagram says what it likes. */
  readonly from: SocketAddress | undefined
}

/** What is answered. The id, the question, the flags that are copied, EDNS and truncation are the server's business. */
export interface Answer {
  /** `NOERROR` unless given. */
  readonly rcode?: string | undefined
  readonly answers?: readonly ResourceRecord[] | undefined
  readonly authorities?: readonly ResourceRecord[] | undefined
  readonly additionals?: readonly ResourceRecord[] | undefined
  /** AA. False unless given. */
  readonly isAuthoritative?: boolean | undefined
  /** RA. False unless given. */
  readonly recursionAvailable?: boolean | undefined
  /** AD. False unless given. */
  readonly isAuthenticData?: boolean | undefined
  /** TC, although it would fit: the client comes back by TCP. False unless given. Without effect on TCP and TLS. */
  readonly isTruncated?: boolean | undefined
  /** Sent to clients that speak EDNS, such as an `EXTENDED-ERROR`. */
  readonly ednsOptions?: readonly EdnsOption[] | undefined
}

/**
 * Answers a query; undefined drops it. It runs in a coroutine of its own, which is shut down when the server or the client's connection
 * closes. What it throws becomes SERVFAIL for the client, and goes to the exception notifier.
 */
export type QueryHandler = (query: Query) => Awaitable<Answer | undefined>
