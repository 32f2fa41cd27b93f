/**
 * Which context a client gets, by the name that it asks for (RFC 6066, 3). A list is looked into; a function is asked, in the
 * coroutine of the handshake, and may wait.
 */
import { checkFunction, checkOptionNames, outOfRange, wrongType } from '@shrapnel/core/parts'
import { Alert } from './alerts.js'
import { contextFor } from './context.js'
import { hasCredentials } from './credentials.js'
import { accepted, TlsError } from './errors.js'
import { outcomeOf } from './foreign.js'
import { asciiHost } from './host-name.js'
import type { ChosenContext } from './identity-options.js'
import { type NativeContext, type NativeEngine, native } from './native.js'
import { stapler } from './ocsp.js'
import { NAMED_CONTEXT_NAMES } from './option-names.js'
import type { ContextOptions, NamedContextOptions, ServerOptions } from './options.js'

/** What the server is to one name. */
interface Chosen {
  readonly native: NativeContext
  /** Undefined, as the next two: as for all names. */
  readonly checkPeer?: ContextOptions['checkPeer']
  readonly staple?: ReturnType<typeof stapler>
  readonly hasTickets: boolean
}

/** The context of a server, made once: for `contexts`, so that no handshake has to look whether it was made before. */
export class TlsContext {
  /** @internal */
  readonly chosen: Chosen

  /** @internal */
  constructor(chosen: Chosen) {
    this.chosen = chosen
  }
}

/** Reads certificates and keys. Throws `TLS_OPTION`, and `ERR_UNKNOWN_OPTION` for what only a listener decides. */
export function makeContext(options: NamedContextOptions): TlsContext {
  checkOptionNames(options, NAMED_CONTEXT_NAMES)
  return new TlsContext(chosenFor(options, options))
}

/** `own`: what is said of this name; `all`: the same, and what is said of all. */
function chosenFor(own: NamedContextOptions, all: ServerOptions): Chosen {
  if (!hasCredentials(all)) throw wrongType('cert', 'PEM text or a Uint8Array', undefined)
  const hasTickets = own !== all || own.tickets !== undefined || own.ticketCount !== undefined
  return {
    native: contextFor(true, all),
    checkPeer: checkedPeerCheck(own),
    staple: stapler(own.ocspResponse),
    hasTickets,
  }
}

export function checkedPeerCheck({ checkPeer }: ContextOptions): ContextOptions['checkPeer'] {
  if (checkPeer !== undefined) checkFunction('checkPeer', checkPeer)
  return checkPeer
}

/** Gives the engine its context. Throws if there is none, having told the engine with which alert to refuse. */
export type Chooser = (engine: NativeEngine) => Promise<Chosen>

type Find = (name: string | undefined) => Chosen | undefined | Promise<Chosen | undefined>

export function chooserFor(options: ServerOptions, fallback: NativeContext): Chooser | undefined {
  const { contexts } = options
  if (contexts === undefined) return undefined
  const find = typeof contexts === 'function' ? asking(options, contexts) : lookup(options, contexts)
  const known = typeof contexts === 'function' ? [] : Object.keys(contexts)
  const last = hasCredentials(options) ? { native: fallback, hasTickets: true } : undefined
  return async (engine) => {
    const name = native.engineHello(engine).serverName.toLowerCase() || undefined
    let chosen: Chosen | undefined
    try {
      chosen = (await find(name)) ?? last
      if (chosen !== undefined) use(engine, chosen)
    } catch (error) {
      native.engineRefuse(engine, Alert.INTERNAL_ERROR)
      throw error
    }
    if (chosen !== undefined) return chosen
    native.engineRefuse(engine, Alert.UNRECOGNIZED_NAME)
    throw unknownName(name, known)
  }
}

function use(engine: NativeEngine, { native: context, hasTickets, staple }: Chosen): void {
  accepted('the context', native.engineUseContext(engine, context, hasTickets))
  staple?.(engine)
}

function lookup(options: ServerOptions, contexts: unknown): Find {
  if (typeof contexts !== 'object' || contexts === null)
    throw wrongType('contexts', 'an object of contexts by name, or a function', contexts)
  const byName = new Map<string, Chosen>()
  for (const [name, context] of Object.entries(contexts as Record<string, ChosenContext>)) {
    const key = asciiHost('a name in contexts', name).toLowerCase()
    if (key === '' || key.lastIndexOf('*') > 0 || (key.startsWith('*') && !/^\*\../.test(key)))
      throw outOfRange('a name in contexts', 'a name, or *. and a name', JSON.stringify(name))
    if (context === undefined) throw wrongType(`contexts[${JSON.stringify(name)}]`, 'an object', context)
    byName.set(key, chosenOf(options, context))
  }
  return (name) => {
    if (name === undefined) return undefined
    return byName.get(name) ?? byName.get(name.replace(/^[^.]+/, '*'))
  }
}

function asking(
  options: ServerOptions,
  ask: (serverName: string | undefined) => ChosenContext | Promise<ChosenContext>,
): Find {
  return async (name) => {
    const context = await outcomeOf(ask(name))
    return context === undefined ? undefined : chosenOf(options, context)
  }
}

function chosenOf(around: ServerOptions, context: NamedContextOptions | TlsContext): Chosen {
  if (context instanceof TlsContext) return context.chosen
  checkOptionNames(context, NAMED_CONTEXT_NAMES)
  const { contexts: _contexts, ...rest } = around
  return chosenFor(context, mergedOptions(rest, context))
}

/** `over` goes before `under`; a certificate brings its own key. */
export function mergedOptions(under: ServerOptions, over: Partial<ServerOptions>): ServerOptions {
  if (!hasCredentials(over)) return { ...under, ...over }
  const { cert: _cert, key: _key, pfx: _pfx, passphrase: _passphrase, certificates: _list, ...rest } = under
  return { ...rest, ...over }
}

function unknownName(name: string | undefined, known: readonly string[]): TlsError {
  const asked = name === undefined ? 'asked for no name' : `asked for ${JSON.stringify(name)}`
  const have = known.length === 0 ? '' : `; there are contexts for ${known.slice(0, 20).join(', ')}`
  return new TlsError('TLS_SERVER_NAME', `the client ${asked}, and there is no certificate for that${have}`)
}
