/**
 * Connections that end when an event is set, as `draining` of a prefork worker is: those that wait for a request at once, the others behind
 * the answer they are at. One coroutine waits for all of them, as long as there are any.
 */
import { type Coroutine, type Event, spawn } from '@shrapnel/core'

interface Draining {
  readonly stops: Set<() => void>
  readonly waiting: Coroutine<void>
}

const drainings = new WeakMap<Event<unknown>, Draining>()

/** Calls `stop` when the event is set, which it is not yet, unless what it gives was called before. */
export function whenDraining(event: Event<unknown>, stop: () => void): () => void {
  const draining = drainings.get(event) ?? begin(event)
  draining.stops.add(stop)
  return () => {
    draining.stops.delete(stop)
    if (draining.stops.size > 0 || drainings.get(event) !== draining) return
    drainings.delete(event)
    draining.waiting.shutdown()
  }
}

function begin(event: Event<unknown>): Draining {
  const stops = new Set<() => void>()
  const waiting = spawn({ name: 'http draining', daemon: true }, async () => {
    await event.wait()
    drainings.delete(event)
    for (const stop of stops) stop()
  })
  const draining = { stops, waiting }
  drainings.set(event, draining)
  return draining
}
