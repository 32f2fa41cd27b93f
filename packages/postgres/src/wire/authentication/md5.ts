/** What PostgreSQL's old MD5 authentication wants to see. Who listens to it can log in with it later; SCRAM is what servers should ask for. */
import { createHash } from 'node:crypto'

const md5 = (...parts: readonly (string | Uint8Array)[]) => {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

/** The password of a PasswordMessage. Throws if Node's OpenSSL forbids MD5 (FIPS). */
export function md5Response(user: string, password: string, salt: Uint8Array): string {
  return `md5${md5(md5(password, user), salt)}`
}
