/**
 * prefork: one program, several processes. The first one supervises; the workers run the same program from its top, and serve where
 * it calls `prefork`.
 */
import { CoroError } from '../errors.js'
import { checkMainThread } from '../signals/caught-signal.js'
import { FeedingStaff } from './feeding-staff.js'
import { ForkingStaff } from './forking-staff.js'
import { ListeningStaff } from './listening-staff.js'
import { checkPreforkOptions, type PreforkOptions, type Settings } from './options.js'
import { checkProgram } from './program.js'
import { takeOwnRole } from './role.js'
import type { Staff } from './staff.js'
import { Supervisor } from './supervisor.js'
import { RunningWorker } from './worker.js'

let isCalled = false

/**
 * Serves `listen` with `workers` processes. In the supervisor it gives a `Supervisor`, once every worker takes connections; in a worker it
 * never returns. Whatever stands before it in the program runs in each of them. A worker that ends by itself is restarted, after a
 * pause if it lived shortly. Cancelled, it stops what it started. Fails with what `listen` fails with (`EADDRINUSE`, …),
 * `PREFORK_STRATEGY`, `PREFORK_TWICE`: there is one in a program; and `PREFORK_PROGRAM`: Node was given none that it could start again.
 * Main thread only.
 */
export async function prefork(options: PreforkOptions): Promise<Supervisor> {
  checkMainThread('prefork')
  const settings = checkPreforkOptions(options)
  if (isCalled)
    throw new CoroError(
      'PREFORK_TWICE',
      'prefork was called already: a worker could not tell which call is its own',
    )
  isCalled = true
  const role = takeOwnRole()
  if (role !== undefined) return new RunningWorker(role, settings).run()
  checkProgram()
  const supervisor = new Supervisor(settings, staffFor(settings))
  try {
    await supervisor.ready()
  } catch (error) {
    await supervisor.stop()
    throw error
  }
  return supervisor
}

function staffFor(settings: Settings): Staff {
  switch (settings.strategy) {
    case 'shared-accept':
    case 'reuse-port':
      return new ListeningStaff(settings)
    case 'pass-descriptor':
      return new FeedingStaff(settings)
    case 'child-per-connection':
      return new ForkingStaff(settings)
  }
}
