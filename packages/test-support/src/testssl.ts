/**
 * testssl.sh against a server on this machine: what an auditor would find. It asks nobody but the server: no name is
 * looked up and nothing is fetched. It is slow: a bash script that opens hundreds of connections and spends most of its
 * time in processes of its own (15 to 20 seconds of a processor for what is run by default). So the sections are left
 * out that follow from the ciphers and protocols that others list: POODLE, SWEET32, BEAST, LUCKY13, FREAK, Logjam,
 * DROWN, RC4.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TestSupportError } from './errors.js'
import { startServer } from './real-server.js'

/** Its own options, testssl(1). */
const SECTIONS = {
  protocols: '--protocols',
  'server-defaults': '--server-defaults',
  'server-preference': '--server-preference',
  ciphers: '--std',
  'forward-secrecy': '--pfs',
  heartbleed: '--heartbleed',
  'ccs-injection': '--ccs-injection',
  ticketbleed: '--ticketbleed',
  robot: '--robot',
  renegotiation: '--renegotiation',
  compression: '--compression',
  poodle: '--poodle',
  fallback: '--tls-fallback',
  sweet32: '--sweet32',
  beast: '--beast',
  lucky13: '--lucky13',
  freak: '--freak',
  logjam: '--logjam',
  drown: '--drown',
  rc4: '--rc4',
  grease: '--grease',
} as const

export type TestsslSection = keyof typeof SECTIONS

const DEFAULT_SECTIONS: readonly TestsslSection[] = [
  'protocols',
  'server-defaults',
  'server-preference',
  'ciphers',
  'forward-secrecy',
  'heartbleed',
  'ccs-injection',
  'ticketbleed',
  'robot',
  'renegotiation',
  'compression',
]

const DEFAULT_TIMEOUT_MS = 240_000

/** From good to bad. */
const SEVERITIES = ['OK', 'INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const

export type TestsslSeverity = (typeof SEVERITIES)[number]

export interface TestsslFinding {
  /** What was tested, such as `TLS1` or `heartbleed`. */
  readonly id: string
  /** WARN and DEBUG: it could not be tested, and `finding` says why; neither good nor bad. */
  readonly severity: TestsslSeverity | 'WARN' | 'DEBUG' | 'FATAL'
  readonly finding: string
  readonly cve?: string | undefined
}

export interface TestsslReport {
  readonly findings: readonly TestsslFinding[]
  worseThan(severity: TestsslSeverity): readonly TestsslFinding[]
  readonly durationMs: number
  /** The report for people. */
  readonly output: string
}

export interface TestsslOptions {
  /** For SNI and the certificate's name; the connection goes to 127.0.0.1. `localhost` by default. */
  readonly servername?: string | undefined
  readonly authority?: { readonly certificatePath: string } | undefined
  readonly sections?: readonly TestsslSection[] | undefined
  /** More options of its own, such as `['--starttls', 'ftp']`. */
  readonly args?: readonly string[] | undefined
  /** Past it testssl.sh is ended and the call rejects with `program-timeout`. 240 seconds by default. */
  readonly timeoutMs?: number | undefined
}

/** Rejects with `command-failed` if it could not do its work, because nothing answers on that port, for example. */
export async function runTestssl(port: number, options: TestsslOptions = {}): Promise<TestsslReport> {
  const { authority, servername = 'localhost', sections = DEFAULT_SECTIONS } = options
  const startedAt = performance.now()
  await using testssl = await startServer({
    command: 'testssl',
    args: [
      ...['--quiet', '--color', '0', '--warnings', 'off', '--nodns', 'none', '--ip', '127.0.0.1'],
      ...['--jsonfile', 'findings.json', '--connect-timeout', '5', '--openssl-timeout', '5'],
      ...(authority === undefined ? [] : ['--add-ca', authority.certificatePath]),
      ...sections.map((section) => SECTIONS[section]),
      ...(options.args ?? []),
      `${servername}:${port}`,
    ],
    env: { OPENSSL_CONF: undefined, http_proxy: undefined, https_proxy: undefined },
    ready: { started: true },
  })
  const { code, signal } = await testssl.ended(options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  const durationMs = performance.now() - startedAt
  const output = testssl.output()
  const findings = await findingsIn(join(testssl.folder, 'findings.json'))
  // Its code counts findings, so that only what it wrote says whether it did its work.
  if (findings === undefined || findings.some(({ severity }) => severity === 'FATAL')) {
    const text = `testssl could not do its work (code ${code}, signal ${signal})`
    throw new TestSupportError('command-failed', text, { output })
  }
  const worseThan = (than: TestsslSeverity) => {
    const worse: readonly string[] = SEVERITIES.slice(SEVERITIES.indexOf(than) + 1)
    return findings.filter(({ severity }) => worse.includes(severity))
  }
  return { findings, worseThan, durationMs, output }
}

/** Undefined if there is no such file, or only the beginning of one. */
async function findingsIn(path: string): Promise<readonly TestsslFinding[] | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return undefined
  }
}
