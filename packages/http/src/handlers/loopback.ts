/** Whether a request is from this machine, as far as that can be told. */
import type { HttpRequest } from '../message.js'

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/i
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i
const PROXY_FIELDS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']

/**
 * The peer has a loopback address, asks for a loopback name, and says nothing of a proxy. The name matters: a
 * page of another site, whose own name leads here, is loaded by a browser on this machine too.
 */
export function isFromLoopback({ peer, headers }: HttpRequest): boolean {
  if (peer === undefined || !LOOPBACK.test(peer.address)) return false
  const host = headers.get('host')
  if (host !== undefined && !LOOPBACK_HOST.test(host)) return false
  return !PROXY_FIELDS.some((name) => headers.has(name))
}
