/**
 * One question at one server, from the first datagram to the reply or to what rules the server out: TCP where the datagram was
 * truncated or could be a forgery, again without EDNS or with the cookie that was asked for, again on another connection where one
 * broke. It never waits: it sends, and is told by its owner what came.
 */
import type { Mailbox } from '@shrapnel/core/parts'
import { DnsError } from '../errors.js'
import type { Transport } from '../resolution.js'
import { decodeMessage, type Message, type Question } from '../wire/index.js'
import type { Channel, Pending } from './pending.js'
import { isTruncated, Query, type Verdict } from './query.js'
import { refusalOf } from './refusal.js'
import type { Server } from './server.js'
import { StreamConnection } from './stream-connection.js'
import { UdpPort } from './udp-port.js'

/** What a channel says to whoever waits. */
export interface Mail {
  readonly sent: Sent
  /** Undefined: the channel is gone. */
  readonly bytes: Buffer | undefined
  readonly verdict: Verdict
  readonly error: unknown
  readonly wasOpen: boolean
}

/** What all attempts at one question share. */
export interface Asked {
  readonly question: Question
  readonly questionBytes: Buffer
  readonly mailbox: Mailbox<Mail>
}

/** One query on one channel. */
export class Sent implements Pending {
  readonly attempt: Attempt
  readonly transport: Transport
  query: Query | null = null
  channel: Channel
  isAnswered = false
  sentAt: number

  constructor(attempt: Attempt, transport: Transport, channel: Channel, now: number) {
    this.attempt = attempt
    this.transport = transport
    this.channel = channel
    this.sentAt = now
  }
  begin(channel: Channel, id: number): Query {
    this.channel = channel
    this.query = this.attempt.makeQuery(id, this.transport)
    return this.query
  }
  onReply(bytes: Buffer, verdict: Verdict): void {
    this.isAnswered = true
    this.attempt.asked.mailbox.post({ sent: this, bytes, verdict, error: undefined, wasOpen: true })
  }
  onFailure(error: unknown, wasOpen: boolean): void {
    this.attempt.asked.mailbox.post({ sent: this, bytes: undefined, verdict: 'short', error, wasOpen })
  }
}

export class Attempt {
  readonly server: Server
  readonly asked: Asked
  readonly startedAt: number
  /** Sent more than once: which sending a reply is to, nobody knows. */
  isRepeated = false
  /** Something came that was no answer; undefined: nothing did. */
  nuisance: unknown
  #datagram: Sent | null = null
  #stream: Sent | null = null
  #withEdns: boolean
  #ednsWasRefused = false
  /** A datagram had the right id on the right port, and letters in another case: a server that does not keep it, or a forger. */
  #caseDiffered = false
  #isInPlainCase = false
  #cookiesRefused = 0
  #reconnects = 0
  #now: number

  constructor(server: Server, asked: Asked, now: number) {
    this.server = server
    this.asked = asked
    this.startedAt = this.#now = now
    this.#withEdns = server.settings.edns && server.abilities.maySpeakEdns(now)
  }

  /** Throws what the system says of it. */
  start(): void {
    if (this.server.address.transport === 'udp') this.#sendDatagram()
    else this.#sendOnStream()
  }

  /** It has waited long enough to ask again. Throws as `start` does. */
  repeat(now: number): void {
    this.#now = now
    this.isRepeated = true
    const datagram = this.#datagram
    if (datagram?.channel instanceof UdpPort) datagram.channel.sendAgain(datagram)
    const stream = this.#stream
    if (stream?.channel instanceof StreamConnection && stream.channel.isStalled(stream.sentAt, now)) {
      stream.channel.retire()
      this.#sendOnStream()
    }
  }

  close(): void {
    this.#leaveDatagram()
    this.#leaveStream()
  }

  makeQuery(id: number, transport: Transport): Query {
    const { abilities, settings, address } = this.server
    const withRandomCase =
      settings.randomCase &&
      !this.#isInPlainCase &&
      (transport === 'udp' ? abilities.keepsCase(this.#now) : this.#caseDiffered)
    const parts = {
      withEdns: this.#withEdns,
      withRandomCase,
      cookie: settings.cookies && address.transport !== 'tls' ? abilities.cookie(this.#now) : undefined,
      isPadded: transport === 'tls',
    }
    return new Query(id, this.asked.questionBytes, parts, settings)
  }

  /** The reply, once it is there. Throws a DnsError where the server is ruled out. */
  receive(sent: Sent, bytes: Buffer, verdict: Verdict, now: number): Message | undefined {
    this.#now = now
    const { query } = sent
    if (query === null || (sent !== this.#datagram && sent !== this.#stream)) return this.#drop('late')
    const isStream = sent === this.#stream
    if (verdict === 'no-question') return this.#takeWithoutQuestion(sent, bytes)
    if (verdict === 'case' && !isStream) {
      this.#caseDiffered = true
      if (this.#stream === null) this.#sendOnStream()
      return this.#drop('case')
    }
    if (isTruncated(bytes)) {
      if (isStream) throw this.#badReply(`is truncated over ${sent.transport}`)
      this.#leaveDatagram()
      this.#sendOnStream()
      return undefined
    }
    query.restoreCase(bytes)
    let message: Message
    try {
      message = decodeMessage(bytes)
    } catch (error) {
      this.nuisance = error
      if (isStream) throw this.#badReply('cannot be decoded', error)
      return this.#drop('malformed')
    }
    if (!this.#acceptsCookie(sent, message)) return this.#drop('cookie')
    return this.#judge(sent, message, verdict)
  }

  /** A channel is gone. Throws where there is no other. */
  lost(sent: Sent, error: unknown, wasOpen: boolean, now: number): void {
    this.#now = now
    if (sent === this.#datagram) {
      this.#leaveDatagram()
      if (this.#stream === null) throw error
    }
    if (sent !== this.#stream) return
    this.#stream = null
    if (wasOpen && this.#reconnects++ === 0) this.#sendOnStream()
    else if (this.#caseDiffered && !this.#isInPlainCase) {
      this.#isInPlainCase = true
      this.#sendDatagram()
    } else if (this.#datagram === null) throw error
  }

  #judge(sent: Sent, message: Message, verdict: Verdict): Message | undefined {
    const { abilities } = this.server
    const { rcode, edns } = message
    if (edns !== undefined && rcode !== 'BADVERS') abilities.speaksEdns = true
    if (rcode === 'BADCOOKIE' && sent === this.#datagram) {
      this.#leaveDatagram()
      if (this.#cookiesRefused++ === 0) this.#sendDatagram()
      else this.#sendOnStream()
      return undefined
    }
    if (sent.query?.hasEdns && isRefusalOfEdns(message) && !abilities.speaksEdns)
      return this.#askWithoutEdns(sent)
    const refusal = refusalOf(message, this.asked.question, this.server)
    if (refusal !== undefined) throw refusal
    if (verdict === 'case' || this.#isInPlainCase) abilities.ignoresCase(this.#now)
    if (this.#ednsWasRefused) abilities.lacksEdns(this.#now)
    return message
  }

  /** From servers that know no EDNS, and from nobody else who is listened to. */
  #takeWithoutQuestion(sent: Sent, bytes: Buffer): undefined {
    const rcode = (bytes[3] as number) & 0x0f
    const mayBeEdns = rcode === FORMERR || rcode === NOTIMP
    if (mayBeEdns && sent.query?.hasEdns && !this.server.abilities.speaksEdns)
      return this.#askWithoutEdns(sent)
    if (sent === this.#stream) throw this.#badReply('has no question')
    return this.#drop('no-question')
  }

  #askWithoutEdns(sent: Sent): undefined {
    this.#withEdns = false
    this.#ednsWasRefused = true
    if (sent === this.#stream) this.#sendOnStream()
    else {
      this.#leaveDatagram()
      this.#sendDatagram()
    }
    return undefined
  }

  /** RFC 7873, 5.3. Where there was a cookie before, a datagram without one may be a forgery: TCP tells. */
  #acceptsCookie(sent: Sent, { edns, rcode }: Message): boolean {
    const { query } = sent
    const { abilities } = this.server
    if (query?.cookie === undefined) return true
    const cookie = edns?.options.find((option) => option.option === 'COOKIE')
    if (cookie?.option === 'COOKIE') return abilities.takeCookie(cookie, query.cookie)
    if (!abilities.hasServerCookie && rcode !== 'BADCOOKIE') return true
    if (sent === this.#stream) {
      abilities.lacksCookies()
      return true
    }
    if (this.#stream === null) this.#sendOnStream()
    return false
  }

  #sendDatagram(): void {
    const sent = new Sent(this, 'udp', NOWHERE, this.#now)
    this.#leaveDatagram()
    this.#datagram = sent
    this.server.sendDatagram(sent, this.#now)
  }

  #sendOnStream(): void {
    const { address, streams } = this.server
    this.#leaveStream()
    this.#stream = new Sent(this, address.transport === 'tls' ? 'tls' : 'tcp', streams, this.#now)
    streams.send(this.#stream)
  }

  #leaveDatagram(): void {
    const sent = this.#datagram
    this.#datagram = null
    sent?.channel.leave(sent)
  }

  #leaveStream(): void {
    const sent = this.#stream
    this.#stream = null
    sent?.channel.leave(sent)
  }

  #drop(reason: 'late' | 'case' | 'malformed' | 'cookie' | 'no-question'): undefined {
    this.server.drop(reason)
    return undefined
  }

  #badReply(text: string, cause?: unknown): DnsError {
    const { name, type } = this.asked.question
    const server = this.server.address.name
    return new DnsError('EBADRESP', `the reply of ${server} about ${name} ${type} ${text}`, {
      hostname: name,
      type,
      server,
      cause,
    })
  }
}

const FORMERR = 1
const NOTIMP = 4

function isRefusalOfEdns({ rcode, edns }: Message): boolean {
  return rcode === 'BADVERS' || ((rcode === 'FORMERR' || rcode === 'NOTIMP') && edns === undefined)
}

/** Until it has a place. */
const NOWHERE: Channel = { leave() {} }
