/**
 * Compiles the C programs, and the Go peer if Go is installed, into `build/`. What is newer than its sources is kept, so
 * calling this before each run costs nothing.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { FOLDERS } from './folders.js'
import { hasProgram } from './installed.js'
import { makeCertificate } from './tls-certificate.js'

export const PROGRAMS = {
  load: join(FOLDERS.build, 'load'),
  server: join(FOLDERS.build, 'echo-server'),
  pin: join(FOLDERS.build, 'pin'),
  loadTls: join(FOLDERS.build, 'load-tls'),
  serverTls: join(FOLDERS.build, 'server-tls'),
  go: join(FOLDERS.build, 'echo-go'),
  goHttp: join(FOLDERS.build, 'http-hello-go'),
} as const

function filesIn(folder: string): string[] {
  return readdirSync(folder).map((name) => join(folder, name))
}

function isCurrent(program: string, sources: readonly string[]): boolean {
  if (!existsSync(program)) return false
  const builtMs = statSync(program).mtimeMs
  return sources.every((source) => statSync(source).mtimeMs <= builtMs)
}

function compileC(program: string, sources: readonly string[], libraries: readonly string[] = []): void {
  if (isCurrent(program, sources)) return
  const units = sources.filter((name) => name.endsWith('.c'))
  execFileSync('cc', ['-std=c11', '-O2', '-Wall', '-Wextra', '-o', program, ...units, ...libraries], {
    stdio: ['ignore', 2, 2],
  })
}

/** Why this machine cannot have the load generator, or undefined if it can. */
export function problemWithNative(): string | undefined {
  if (process.platform !== 'linux') return 'the load generator is written for epoll: it needs Linux'
  if (!hasProgram('cc')) return 'the load generator needs a C compiler: apt-get install gcc libc6-dev'
  return undefined
}

/** Throws where the load generator cannot be had. */
export function buildNative(): void {
  const problem = problemWithNative()
  if (problem !== undefined) throw new Error(problem)
  mkdirSync(FOLDERS.build, { recursive: true })
  compileC(PROGRAMS.load, filesIn(join(FOLDERS.native, 'load')))
  compileC(PROGRAMS.server, filesIn(join(FOLDERS.native, 'server')))
  compileC(PROGRAMS.pin, [join(FOLDERS.native, 'pin.c')])
  buildGoPeer(PROGRAMS.go, 'echo.go')
  buildGoPeer(PROGRAMS.goHttp, 'http-hello.go')
}

/** The load generator and the C server for TLS, which alone need OpenSSL's headers and libraries. */
export function buildNativeTls(): void {
  buildNative()
  makeCertificate()
  const load = join(FOLDERS.native, 'load')
  const shared = [...filesIn(join(FOLDERS.native, 'tls')), join(load, 'support.c'), join(load, 'support.h')]
  const connections = [join(load, 'connections.c'), join(load, 'connections.h')]
  const libraries = ['-lssl', '-lcrypto']
  try {
    compileC(
      PROGRAMS.loadTls,
      [...filesIn(join(FOLDERS.native, 'load-tls')), ...shared, ...connections],
      libraries,
    )
    compileC(PROGRAMS.serverTls, [...filesIn(join(FOLDERS.native, 'server-tls')), ...shared], libraries)
  } catch (error) {
    throw new Error('the load generator for TLS was not built. To have it: apt-get install libssl-dev', {
      cause: error,
    })
  }
}

/** A peer that cannot be built is a peer that is not there: no reason to stop. */
function buildGoPeer(program: string, file: string): void {
  const source = join(FOLDERS.peers, file)
  if (!hasProgram('go') || isCurrent(program, [source])) return
  try {
    execFileSync('go', ['build', '-o', program, source], {
      stdio: ['ignore', 2, 2],
      env: goEnvironment(),
    })
  } catch (error) {
    console.error(
      `bench: the Go peer was not built: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

/** One file, no module and nothing to download. */
function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, GO111MODULE: 'off', GOFLAGS: '', GOPROXY: 'off' }
}
