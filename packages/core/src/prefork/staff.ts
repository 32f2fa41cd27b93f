/** The processes of a supervisor, whatever its strategy. */
import type { SocketAddress } from '../net/address.js'
import type { WorkerProcess } from './worker-process.js'

export interface Staff {
  /** Where it listens; undefined for a UNIX socket. */
  readonly address: SocketAddress | undefined
  /** Every process that runs, those that drain after a reload too. */
  readonly workers: ReadonlySet<WorkerProcess>
  /** Connections that processes took which have ended. */
  readonly acceptedBefore: number
  readonly restarts: number
  /** Keeps the processes running. Never returns; ends by being cancelled, and leaves them running then. */
  run(): Promise<unknown>
  /** Waits until all take connections. */
  ready(): Promise<void>
  /** Replaces every process by one that runs the program as it is now. */
  reload(): Promise<void>
  /** Sees to what the kernel has queued for this process itself, and lets the port go. */
  close(): Promise<void>
}
