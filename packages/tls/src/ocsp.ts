/** OCSP stapling: what a client wants of it, what a server gives, and what a refusal is called. */
import { outOfRange, wrongType } from '@shrapnel/core/parts'
import { accepted, TlsError } from './errors.js'
import { type NativeEngine, native } from './native.js'

/** `require`: there must be an answer. `accept`: what is there must be good. `off`: nobody asks. */
export type OcspMode = 'off' | 'accept' | 'require'
/** DER, as the authority's responder gives it. */
export type OcspStaple = Uint8Array | readonly Uint8Array[]

const MODES: readonly unknown[] = ['off', 'accept', 'require'] satisfies OcspMode[]

export function checkOcspMode(mode: unknown, isVerified: boolean): OcspMode {
  if (typeof mode !== 'string') throw wrongType('ocsp', 'text', mode)
  if (!MODES.includes(mode)) throw outOfRange('ocsp', "'off', 'accept' or 'require'", mode)
  // Who signed the answer would be anybody's guess.
  if (mode !== 'off' && !isVerified) throw outOfRange('ocsp', "'off' with verify: false", mode)
  return mode as OcspMode
}

export function askForStaple(engine: NativeEngine, mode: OcspMode): void {
  if (mode !== 'off') accepted('ocsp', native.engineOcsp(engine, mode === 'require'))
}

/** What to do with each new engine of a server. What is not made at each handshake is checked now. */
export function stapler(
  response: OcspStaple | (() => OcspStaple | undefined) | undefined,
): ((engine: NativeEngine) => void) | undefined {
  if (response === undefined) return undefined
  if (typeof response === 'function')
    return (engine) => {
      for (const bytes of list(response())) native.engineStaple(engine, bytes)
    }
  const all = list(response)
  for (const bytes of all)
    if (native.ocspIsResponse(bytes) !== 1)
      throw new TlsError('TLS_OPTION', 'ocspResponse cannot be used: it is no successful OCSP response (DER)')
  return (engine) => {
    for (const bytes of all) native.engineStaple(engine, bytes)
  }
}

function list(response: unknown): readonly Uint8Array[] {
  const all: readonly unknown[] =
    response === undefined ? [] : Array.isArray(response) ? response : [response]
  for (const each of all)
    if (!(each instanceof Uint8Array))
      throw wrongType('ocspResponse', 'a Uint8Array, an array of them, or a function that gives such', each)
  return all as readonly Uint8Array[]
}
