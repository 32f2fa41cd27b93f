/** The single byte that answers a request for encryption. It is no message: it has no length. */
import { fail } from './errors.js'

/**
 * `accepted`: the handshake begins. `refused`: the connection goes on in clear text, or ends. `error`: a server that does not know the
 * request begins an ErrorResponse with it; nobody has shown who it is yet, so what it says is not to be believed (CVE-2024-10977).
 *
 * Whoever calls must see that nothing came with the byte: what follows it in clear text was put there by somebody else (CVE-2021-23222).
 */
export type EncryptionAnswer = 'accepted' | 'refused' | 'error'

export function decodeEncryptionAnswer(byte: number, request: 'ssl' | 'gss'): EncryptionAnswer {
  if (byte === (request === 'ssl' ? 0x53 : 0x47)) return 'accepted'
  if (byte === 0x4e) return 'refused'
  if (byte === 0x45) return 'error'
  return fail('PG_FIELD', `an answer to a request for encryption that is none, ${byte}`, 0)
}
