/** A certificate for `localhost` that signs itself, with a key on P-256: made once, kept in `build/`. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { FOLDERS } from './folders.js'

const folder = join(FOLDERS.build, 'tls')

export const CERTIFICATE = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') } as const

export function makeCertificate(): void {
  if (existsSync(CERTIFICATE.cert)) return
  mkdirSync(folder, { recursive: true })
  const unfinished = `${CERTIFICATE.cert}.new`
  const request =
    '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=localhost'.split(' ')
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const files = ['-keyout', CERTIFICATE.key, '-out', unfinished]
  execFileSync('openssl', ['req', ...request, ...names, ...files], { stdio: ['ignore', 'ignore', 'pipe'] })
  renameSync(unfinished, CERTIFICATE.cert)
}
