/** What the layers of the resolver hand to each other. */
import type { DnsError } from './errors.js'
import type { Message, Question, ResourceRecord } from './wire/message.js'
import type { RecordData } from './wire/record-data.js'

/** `A`, `MX`, …, and `TYPE65280` for one that has no name (RFC 3597). */
export type RecordType = ResourceRecord['type']

/** A record of one type. Of each type by itself, so that `type` says which fields `data` has. */
export type RecordOf<Type extends RecordType> = Type extends RecordType
  ? {
      readonly name: string
      readonly type: Type
      readonly class: string
      /** In seconds, as the server gave it. */
      readonly ttl: number
      readonly data: RecordData[Type]
    }
  : never

/** How a message came. */
export type Transport = 'udp' | 'tcp' | 'tls'

/** One reply, checked to be the answer to the question that was asked. */
export interface Reply {
  readonly message: Message
  /** `192.0.2.53:53`. */
  readonly server: string
  readonly transport: Transport
  readonly elapsedMs: number
}

export interface AskOptions {
  /**
   * Called before the question is asked, with what says how it would fail if the time were over now: for whoever stops waiting before the
   * servers are given up, and wants to say how each of them did.
   */
  readonly onStart?: ((soFar: () => DnsError) => void) | undefined
}

/** Asks servers, until one answers: what the cache and the resolver stand on. */
export interface Upstream {
  /**
   * The first usable reply (NOERROR, NXDOMAIN). Waits for servers, under the caller's deadline; cancelling leaves no query behind. Fails with a DnsError
   * when every server failed: its `code` says how the best of them did.
   */
  ask(question: Question, options?: AskOptions): Promise<Reply>
}

/** The records of one name and type. */
export interface Resolution<Type extends RecordType = RecordType> {
  readonly name: string
  readonly type: string
  /** Where the aliases led; the name itself without any. */
  readonly canonicalName: string
  /** Of the type asked for, at `canonicalName`; never empty. */
  readonly records: readonly RecordOf<Type>[]
  /** The CNAME records that led there, in order. */
  readonly aliases: readonly ResourceRecord[]
  /** How long all of it is good for, in seconds from now. */
  readonly ttl: number
  /** Past its time, given because no server answered (RFC 8767). */
  readonly isStale: boolean
  readonly source: 'cache' | 'network'
}
