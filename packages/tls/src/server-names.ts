/**
 * Which context a client gets, by the name that it asks for (RFC 6066, 3). A list is looked into; a function is asked, in the
 * coroutine of the handshake, and may wait.
 */
import { checkOptions, outOfRange, wrongType } from '@shrapnel/core/parts'
import { Alert } from './alerts.js'
import { contextFor } from './context.js'
import { hasCredentials } from './credentials.js'
import { accepted, TlsError } from './errors.js'
import { asciiHost } from './host-name.js'
import type { ChosenContext, NamedContextOptions } from './identity-options.js'
import { type NativeContext, type NativeEngine, native } from './native.js'
import type { ServerOptions } from './options.js'

/** The context of a server, made once: for `contexts`, so that no handshake has to look whether it was made before. */
export class TlsContext {
  /** @internal */
  readonly native: NativeContext

  /** @internal */
  constructor(context: NativeContext) {
    this.native = context
  }
}

/** Reads certificates and keys. Throws `TLS_OPTION`. */
export function makeContext(options: Omit<ServerOptions, 'contexts'>): TlsContext {
  checkOptions(options)
  if (!hasCredentials(options)) throw wrongType('cert', 'PEM text or a Uint8Array', undefined)
  return new TlsContext(contextFor(true, options))
}

/** Gives the engine its context. Throws if there is none, having told the engine with which alert to refuse. */
export type Chooser = (engine: NativeEngine) => Promise<void>

type Find = (name: string | undefined) => NativeContext | undefined | Promise<NativeContext | undefined>

export function chooserFor(options: ServerOptions, fallback: NativeContext): Chooser | undefined {
  const { contexts } = options
  if (contexts === undefined) return undefined
  const find = typeof contexts === 'function' ? asking(options, contexts) : lookup(options, contexts)
  const known = typeof contexts === 'function' ? [] : Object.keys(contexts)
  const last = hasCredentials(options) ? fallback : undefined
  return async (engine) => {
    const name = native.engineHello(engine).serverName.toLowerCase() || undefined
    let context: NativeContext | undefined
    try {
      context = (await find(name)) ?? last
      if (context !== undefined) accepted('the context', native.engineUseContext(engine, context))
    } catch (error) {
      native.engineRefuse(engine, Alert.INTERNAL_ERROR)
      throw error
    }
    if (context !== undefined) return
    native.engineRefuse(engine, Alert.UNRECOGNIZED_NAME)
    throw unknownName(name, known)
  }
}

function lookup(options: ServerOptions, contexts: unknown): Find {
  if (typeof contexts !== 'object' || contexts === null)
    throw wrongType('contexts', 'an object of contexts by name, or a function', contexts)
  const byName = new Map<string, NativeContext>()
  for (const [name, context] of Object.entries(contexts as Record<string, ChosenContext>)) {
    const key = asciiHost('a name in contexts', name).toLowerCase()
    if (key === '' || key.lastIndexOf('*') > 0 || (key.startsWith('*') && !/^\*\../.test(key)))
      throw outOfRange('a name in contexts', 'a name, or *. and a name', JSON.stringify(name))
    if (context === undefined) throw wrongType(`contexts[${JSON.stringify(name)}]`, 'an object', context)
    byName.set(key, nativeContext(options, context))
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
    const context = await ask(name)
    return context === undefined ? undefined : nativeContext(options, context)
  }
}

function nativeContext(around: ServerOptions, context: NamedContextOptions | TlsContext): NativeContext {
  if (context instanceof TlsContext) return context.native
  checkOptions(context)
  const { contexts: _contexts, ...rest } = around
  const merged = mergedOptions(rest, context)
  if (!hasCredentials(merged)) throw wrongType('cert', 'PEM text or a Uint8Array', undefined)
  return contextFor(true, merged)
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
