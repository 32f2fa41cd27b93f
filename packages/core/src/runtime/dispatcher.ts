/** Starts the native loop of this thread, and hands each event of a batch to whoever owns the descriptor. */
import { native } from '../native.js'
import { systemError } from '../system-error.js'
import { beginSlice } from './accounting.js'
import { shared } from './liveness.js'

export interface Watched {
  onEvent(readiness: number): void
}

/** Two numbers an event. More events than this wait for the next batch, which comes at once. */
const EVENTS_PER_BATCH = 1024

const events = new Int32Array(2 * EVENTS_PER_BATCH)
const watched: (Watched | undefined)[] = []

function dispatch(count: number): void {
  beginSlice()
  for (let i = 0; i < 2 * count; i += 2) watched[events[i] as number]?.onEvent(events[i + 1] as number)
}

/** Dispatches what is ready now. From here and not straight from the addon, which must have been started. */
export function pollNow(): void {
  native.poll()
}

/** Events of `fd` go to `owner` until `unwatch`. */
export function watch(fd: number, owner: Watched): void {
  watched[fd] = owner
}

export function unwatch(fd: number): void {
  watched[fd] = undefined
}

const started = native.start(events, shared, dispatch)
if (started < 0) throw systemError('uv_poll_start', started)
