/** Options in an environment of the test's own: no PG* variable of whoever runs it, and no home. */

import type { ConnectOptions } from '../../src/connect/connect-options.js'
import { openBackend } from '../../src/connect/open-backend.js'
import { resolveConnect } from '../../src/connect/resolve-connect.js'
import type { OpenHooks, ResolvedConnect } from '../../src/connect/resolved-connect.js'
import type { OpenedBackend } from '../../src/connection/opened-backend.js'

/** Where there is no file. */
export const NO_HOME = '/nonexistent-home'

export function resolved(
  target: string | URL | ConnectOptions = {},
  environment: NodeJS.ProcessEnv = {},
): ResolvedConnect {
  return resolveConnect(target, { environment: { HOME: NO_HOME, ...environment } })
}

export function open(target: string | ConnectOptions, hooks?: OpenHooks): Promise<OpenedBackend> {
  return openBackend(resolved(target), hooks)
}

/** What it fails with. */
export async function failureOf(run: () => unknown): Promise<Error & Record<string, unknown>> {
  let value: unknown
  try {
    value = await run()
  } catch (error) {
    return error as Error & Record<string, unknown>
  }
  throw new Error(`nothing failed, and the result is ${String(value)}`)
}
