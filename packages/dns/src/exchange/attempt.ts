/**
 * One question at one server, from the first datagram to the reply or to what rules the server out: TCP where the datagram was
 * truncated or could be a forgery, again without EDNS or with the cookie that was asked for, again on another connection where one
 * broke. It never waits: it sends, and is told by its owner what came.
 */
import { DnsError } from '../errors.js'
import type { Reply, Transport } from '../resolution.js'
import { decodeMessage, type Message, type Question } from '../wire/index.js'
import { isTruncated, Query, type Verdict } from './query.js'
import { refusalOf } from './refusal.js'
import type { Sent } from './sent.js'
import type { Server } from './server.js'
import { Ways } from './ways.js'

/** Who asks, by one attempt after the other. */
export interface Asker {
  readonly question: Question
  readonly questionBytes: Buffer
  /** `bytes` are the channel's again when this returns. */
  onReply(sent: Sent, bytes: Buffer, verdict: Verdict): void
  onLost(sent: Sent, error: unknown, wasOpen: boolean): void
}

export class Attempt {
  readonly server: Server
  readonly asker: Asker
  readonly startedAt: number
  /** Sent more than once: which sending a reply is to, nobody knows. */
  isRepeated = false
  /** Something came that was no answer; undefined: nothing did. */
  nuisance: unknown
  readonly #ways: Ways
  #withEdns: boolean
  #ednsWasRefused = false
  /** A datagram had the right id on the right port, and letters in another case: a server that does not keep it, or a forger. */
  #caseDiffered = false
  #isInPlainCase = false
  #cookiesRefused = 0
  #reconnects = 0
  #now: number

  constructor(server: Server, asker: Asker, now: number) {
    this.server = server
    this.#ways = new Ways(this)
    this.asker = asker
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
    this.#ways.repeat(now)
  }

  close(): void {
    this.#ways.leaveAll()
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
    return new Query(id, this.asker.questionBytes, parts, settings)
  }

  /** The reply, once it is there. Throws a DnsError where the server is ruled out. */
  receive(sent: Sent, bytes: Buffer, verdict: Verdict, now: number): Reply | undefined {
    this.#now = now
    const { query } = sent
    const ways = this.#ways
    if (query === null || !(ways.isDatagram(sent) || ways.isStream(sent))) return this.#drop('late')
    const isStream = ways.isStream(sent)
    if (verdict === 'no-question') return this.#takeWithoutQuestion(sent, bytes)
    if (verdict === 'case' && !isStream) {
      this.#caseDiffered = true
      if (!this.#ways.hasStream) this.#sendOnStream()
      return this.#drop('case')
    }
    if (isTruncated(bytes)) {
      if (isStream) throw this.#badReply(`is truncated over ${sent.transport}`)
      this.#ways.leaveDatagram()
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
      // A forger's, or the server cannot do better: TCP tells, and at once.
      if (!this.#ways.hasStream) this.#sendOnStream()
      return this.#drop('malformed')
    }
    if (!this.#acceptsCookie(sent, message)) return this.#drop('cookie')
    return this.#judge(sent, message, verdict)
  }

  /** A channel is gone. Throws where there is no other. */
  lost(sent: Sent, error: unknown, wasOpen: boolean, now: number): void {
    this.#now = now
    const ways = this.#ways
    if (ways.isDatagram(sent)) {
      this.#ways.leaveDatagram()
      if (!this.#ways.hasStream) throw error
    }
    if (!ways.isStream(sent)) return
    ways.leaveStream()
    if (wasOpen && this.#reconnects++ === 0) this.#sendOnStream()
    else if (this.#caseDiffered && !this.#isInPlainCase) {
      this.#isInPlainCase = true
      this.#sendDatagram()
    } else if (!this.#ways.hasDatagram) throw error
  }

  #judge(sent: Sent, message: Message, verdict: Verdict): Reply | undefined {
    const { abilities } = this.server
    const { rcode, edns } = message
    if (edns !== undefined && rcode !== 'BADVERS') abilities.speaksEdns = true
    if (rcode === 'BADCOOKIE' && this.#ways.isDatagram(sent)) {
      this.#ways.leaveDatagram()
      if (this.#cookiesRefused++ === 0) this.#sendDatagram()
      else this.#sendOnStream()
      return undefined
    }
    if (sent.query?.hasEdns && isRefusalOfEdns(message) && !abilities.speaksEdns)
      return this.#askWithoutEdns(sent)
    const reply: Reply = {
      message,
      server: this.server.address.name,
      transport: sent.transport,
      elapsedMs: this.#now - this.startedAt,
    }
    const refusal = refusalOf(reply, this.asker.question, this.server)
    if (refusal !== undefined) throw refusal
    if (verdict === 'case' || this.#isInPlainCase) abilities.ignoresCase(this.#now)
    if (this.#ednsWasRefused) abilities.lacksEdns(this.#now)
    return reply
  }

  /** From servers that know no EDNS, and from nobody else who is listened to. */
  #takeWithoutQuestion(sent: Sent, bytes: Buffer): undefined {
    const rcode = (bytes[3] as number) & 0x0f
    const mayBeEdns = rcode === FORMERR || rcode === NOTIMP
    if (mayBeEdns && sent.query?.hasEdns && !this.server.abilities.speaksEdns)
      return this.#askWithoutEdns(sent)
    if (this.#ways.isStream(sent)) throw this.#badReply('has no question')
    return this.#drop('no-question')
  }

  #askWithoutEdns(sent: Sent): undefined {
    this.#withEdns = false
    this.#ednsWasRefused = true
    if (this.#ways.isStream(sent)) this.#sendOnStream()
    else {
      this.#ways.leaveDatagram()
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
    if (this.#ways.isStream(sent)) {
      abilities.lacksCookies()
      return true
    }
    if (!this.#ways.hasStream) this.#sendOnStream()
    return false
  }

  #sendDatagram(): void {
    this.#ways.sendDatagram(this.#now)
  }

  #sendOnStream(): void {
    this.#ways.sendOnStream(this.#now)
  }

  #drop(reason: 'late' | 'case' | 'malformed' | 'cookie' | 'no-question'): undefined {
    this.server.drop(reason)
    return undefined
  }

  #badReply(text: string, cause?: unknown): DnsError {
    const { name, type } = this.asker.question
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
