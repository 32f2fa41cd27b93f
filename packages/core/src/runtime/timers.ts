/**
 * Everything timed hangs on one alarm. When it rings, the poller is asked first and the coroutines it wakes run
 * before any scope expires: data that is ready beats a timeout that is due in the same turn.
 */
import { beginSlice, lastMark } from './accounting.js'
import { type Clock, currentClock, isSystemClock, now, replaceClock } from './clock.js'
import { type Deadline, DeadlineHeap } from './deadline-heap.js'
import { pollNow } from './dispatcher.js'
import { type Job, nextTurn } from './turn.js'

export interface Timed extends Deadline {
  /** The time has come; the entry is out of the heap. */
  expire(): void
  /** True: `expire` waits one turn more, so that what the poller had ready can finish first. */
  readonly yieldsToData: boolean
}

let heap = new DeadlineHeap<Timed>()
/** When the alarm rings; Infinity: not armed. Left armed when its reason goes: ringing for nothing is cheaper than disarming. */
let armedAt = Infinity

export function addTimer(entry: Timed): void {
  if (entry.at === Infinity) return
  heap.insert(entry)
  if (entry.at < armedAt) arm(entry.at)
}

export function removeTimer(entry: Timed): void {
  heap.remove(entry)
}

/** As `now()`, but as old as the slice that runs: for deadlines that are set often and may be a little early. Asks no clock. */
export function recently(): number {
  return isSystemClock() ? lastMark() : now()
}

/** How many timers wait for their time. */
export function timersPending(): number {
  return heap.size
}

function arm(at: number): void {
  armedAt = at
  // What must keep the process alive says so through liveness.ts, for times and descriptors alike.
  currentClock().setAlarm(at, ring, false)
}

function ring(): void {
  armedAt = Infinity
  beginSlice()
  const time = now()
  const overdue: Timed[] = []
  for (let entry = heap.first; entry !== undefined && entry.at <= time; entry = heap.first) {
    heap.remove(entry)
    overdue.push(entry)
  }
  if (overdue.length > 0) {
    const patient = overdue.filter((entry) => entry.yieldsToData)
    if (patient.length > 0) {
      pollNow()
      nextTurn(new Expiry(patient))
    }
    for (const entry of overdue) if (!entry.yieldsToData) entry.expire()
  }
  const next = heap.first
  if (next !== undefined && next.at < armedAt) arm(next.at)
}

class Expiry implements Job {
  readonly #entries: readonly Timed[]
  constructor(entries: readonly Timed[]) {
    this.#entries = entries
  }
  runJob(): void {
    for (const entry of this.#entries) entry.expire()
  }
}

/** For tests: another clock, with nothing timed on it yet. Gives back what restores the one before, and its timers. */
export function useClock(next: Clock): () => void {
  currentClock().clearAlarm()
  const before = { clock: replaceClock(next), heap }
  heap = new DeadlineHeap()
  armedAt = Infinity
  return () => {
    currentClock().clearAlarm()
    replaceClock(before.clock)
    heap = before.heap
    armedAt = Infinity
    if (heap.first !== undefined) arm(heap.first.at)
  }
}
