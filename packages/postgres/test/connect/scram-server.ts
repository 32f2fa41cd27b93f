/** The server's side of SCRAM (RFC 5802), written apart from the client's, with every lie that a test may want. */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { decodeSaslInitialResponse } from '../../src/wire/frontend-decode.js'
import { authentication, OK, type ScriptedPeer } from './scripted-server.js'

export interface ScramServerOptions {
  readonly password?: string
  readonly mechanisms?: readonly string[]
  readonly iterations?: number | string
  readonly salt?: string
  /** Puts another text in the place of one of its own. */
  readonly first?: (text: string) => string
  readonly final?: (text: string) => string
  /** Lets everybody in at this step. */
  readonly okAfter?: 'offer' | 'first'
}

export interface ScramTalk {
  readonly mechanism: string
  /** `n,,`, `y,,` or `p=tls-server-end-point,,`. */
  readonly gs2Header: string
  /** The `c=` of the client, behind its header. */
  readonly binding: Buffer
  readonly isProofRight: boolean
}

const hmac = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest()

async function response(peer: ScriptedPeer): Promise<Buffer> {
  const message = await peer.next()
  if (message.kind !== 'authentication-response') throw new Error(`no answer, but ${message.kind}`)
  return message.data
}

/** From the offer to AuthenticationOk. */
export async function scram(peer: ScriptedPeer, options: ScramServerOptions = {}): Promise<ScramTalk> {
  const { password = 'hunter2', mechanisms = ['SCRAM-SHA-256'], iterations = 4096 } = options
  const { salt = Buffer.from('salt of the test').toString('base64') } = options
  await peer.send(authentication({ method: 'sasl', mechanisms }))
  if (options.okAfter === 'offer') await peer.send(OK)
  const { mechanism, data } = decodeSaslInitialResponse(await response(peer))
  const found = /^([^,]*,[^,]*,)(.*r=(.*))$/.exec(String(data)) as RegExpExecArray
  const [, gs2Header, clientFirst, clientNonce] = found as unknown as [string, string, string, string]
  const ownFirst = `r=${clientNonce}server,s=${salt},i=${iterations}`
  const serverFirst = options.first?.(ownFirst) ?? ownFirst
  await peer.send(authentication({ method: 'sasl-continue', data: Buffer.from(serverFirst) }))
  if (options.okAfter === 'first') await peer.send(OK)
  const clientFinal = String(await response(peer))
  const [withoutProof, proof] = clientFinal.split(',p=') as [string, string]
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256')
  const clientKey = hmac(salted, 'Client Key')
  const storedKey = createHash('sha256').update(clientKey).digest()
  const authMessage = `${clientFirst},${serverFirst},${withoutProof}`
  const signature = hmac(storedKey, authMessage)
  const expected = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] as number)))
  const ownFinal = `v=${hmac(hmac(salted, 'Server Key'), authMessage).toString('base64')}`
  const data2 = Buffer.from(options.final?.(ownFinal) ?? ownFinal)
  await peer.send(authentication({ method: 'sasl-final', data: data2 }), OK)
  const sent = Buffer.from(/^c=([^,]*)/.exec(clientFinal)?.[1] ?? '', 'base64')
  return {
    mechanism,
    gs2Header,
    binding: sent.subarray(gs2Header.length),
    isProofRight: proof === expected.toString('base64'),
  }
}
