/**
 * Waits until a server takes connections or says that it does, by asking, not by sleeping for as long as it usually
 * takes. A probe is a connection that is closed at once: a server that serves one connection and ends (socat without
 * `fork`) must be awaited by a line instead.
 */
import { connect, type NetConnectOpts } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 15
const PROBE_TIMEOUT_MS = 1_000

export type Readiness =
  /** It accepts connections on this TCP port of 127.0.0.1 (or of `host`). */
  | { readonly port: number; readonly host?: string | undefined }
  /** It accepts connections on this UNIX socket; a relative path is in the server's folder. */
  | { readonly unixPath: string }
  /** It has written a line that matches. A group named `port` says which port it got from the kernel. */
  | { readonly line: RegExp }
  /** Nothing is waited for: for programs that may end at any time, and whose end is looked at afterwards. */
  | { readonly started: true }

export interface ReadinessWait {
  readonly ready: Readiness
  readonly timeoutMs: number
  /** What the server has written so far. */
  readonly output: () => string
  /** The waiting ends early when this is true: what has ended will not become ready. */
  readonly hasEnded: () => boolean
}

/** How the waiting ended. `port` is the one that is known, if any. */
export type ReadinessOutcome =
  | { readonly is: 'ready'; readonly port: number | undefined }
  | { readonly is: 'ended' | 'late' }

export async function untilReady(wait: ReadinessWait): Promise<ReadinessOutcome> {
  const { ready } = wait
  if ('started' in ready) return { is: 'ready', port: undefined }
  const deadline = performance.now() + wait.timeoutMs
  for (;;) {
    const answer = await probe(ready, wait.output)
    // Asked last: a server that could not bind its port has ended, and somebody else answered the probe.
    if (wait.hasEnded()) return { is: 'ended' }
    if (answer !== undefined) return { is: 'ready', port: answer.port }
    if (performance.now() >= deadline) return { is: 'late' }
    await sleep(POLL_MS)
  }
}

async function probe(
  ready: Exclude<Readiness, { readonly started: true }>,
  output: () => string,
): Promise<{ port: number | undefined } | undefined> {
  if ('line' in ready) {
    const found = matchingLine(output(), ready.line)
    if (found === undefined) return undefined
    const port = found.groups?.port
    return { port: port === undefined ? undefined : Number(port) }
  }
  if ('unixPath' in ready)
    return (await canConnect({ path: ready.unixPath })) ? { port: undefined } : undefined
  return (await canConnect({ port: ready.port, host: ready.host ?? '127.0.0.1' }))
    ? { port: ready.port }
    : undefined
}

/** The first whole line of `output` that matches. */
export function matchingLine(output: string, pattern: RegExp): RegExpExecArray | undefined {
  // What follows the last line break is not a line yet: a port number may be half there.
  for (const line of output.split(/\r?\n/).slice(0, -1)) {
    pattern.lastIndex = 0
    const found = pattern.exec(line)
    if (found !== null) return found
  }
  return undefined
}

function canConnect(to: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...to, timeout: PROBE_TIMEOUT_MS })
    const answer = (isOpen: boolean) => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', () => answer(true))
    socket.once('timeout', () => answer(false))
    socket.on('error', () => answer(false))
  })
}
