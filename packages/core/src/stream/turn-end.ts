/**
 * The end of what runs now: when the coroutines that this batch of events or this turn woke have all gone on to their next wait. It
 * comes before Node's loop goes round and the poller is asked again, so what is put off to it is not late.
 */

/** What can be put off. An object and not a closure: it is put off again and again. */
export interface TurnEndJob {
  onTurnEnd(): void
}

let jobs: TurnEndJob[] = []
let spare: TurnEndJob[] = []
const settled = Promise.resolve()

export function atTurnEnd(job: TurnEndJob): void {
  // One for all. Node empties the queue of ticks before that of microtasks, in which the coroutines are, and again after it: only
  // a tick that a microtask asks for comes when both are empty.
  if (jobs.push(job) === 1) void settled.then(askForTick)
}

function askForTick(): void {
  process.nextTick(runJobs)
}

function runJobs(): void {
  const due = jobs
  jobs = spare
  spare = due
  for (let i = 0; i < due.length; i++) (due[i] as TurnEndJob).onTurnEnd()
  due.length = 0
}
