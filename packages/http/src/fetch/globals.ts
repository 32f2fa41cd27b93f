/**
 * The platform's Request, Response and fetch, replaced for the whole thread: what a program makes by `new Response(…)` is a light one, and a
 * light Request can be given to the constructors and to `fetch`, which look inside of theirs.
 */
import { admitAll } from './instances.js'
import { LightRequest, PlatformRequest } from './light-request.js'
import { LightResponse } from './light-response.js'

type RequestSource = ConstructorParameters<typeof Request>[0]

class OverridingRequest extends PlatformRequest {
  constructor(input: RequestSource, init?: RequestInit & { duplex?: string }) {
    const isStream = init?.body instanceof ReadableStream && init.duplex === undefined
    super(unwrapped(input, init), (isStream ? { ...init, duplex: 'half' } : init) as RequestInit)
  }
}

admitAll(OverridingRequest, PlatformRequest)

function unwrapped(input: RequestSource, init?: RequestInit): RequestSource {
  if (!isLightRequest(input)) return input
  if (input.bodyUsed && (init?.body === undefined || init.body === null))
    throw new TypeError('Body is unusable: it was read already')
  return input.real
}

function isLightRequest(value: unknown): value is LightRequest {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === LightRequest.prototype
  )
}

/** Again without effect. There is no way back: who has made a Response may still hold it. */
export function overrideFetchGlobals(): void {
  if (globalThis.Response === (LightResponse as unknown)) return
  const { fetch } = globalThis
  define('Request', OverridingRequest)
  define('Response', LightResponse)
  define('fetch', function overridingFetch(input: RequestSource, init?: RequestInit): Promise<Response> {
    return fetch(isLightRequest(input) ? unwrapped(input, init) : input, init)
  })
}

function define(name: 'Request' | 'Response' | 'fetch', value: unknown): void {
  if (name !== 'fetch') Object.defineProperty(value, 'name', { value: name, configurable: true })
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: true })
}
