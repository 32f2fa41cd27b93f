/**
 * Turns: what runs "later" runs here, once Node's loop has been round and I/O and timers had their chance. Everything
 * asked for during a turn runs in the next one, so a coroutine that yields for ever starves nobody.
 */
import { AsyncResource } from 'node:async_hooks'
import { beginSlice } from './accounting.js'

/** What can be put off. An object and not a closure, because a coroutine is its own job. */
export interface Job {
  runJob(): void
}

let queue: Job[] = []
let spare: Job[] = []
let isArmed = false

/** A turn belongs to nobody: without this all its jobs would see the AsyncLocalStorages of whoever asked for it first. */
const nobody = new AsyncResource('shrapnel.turn')
const arm = (): void => {
  setImmediate(turn)
}

export function nextTurn(job: Job): void {
  queue.push(job)
  if (!isArmed) {
    isArmed = true
    nobody.runInAsyncScope(arm)
  }
}

function turn(): void {
  const jobs = queue
  queue = spare
  spare = jobs
  isArmed = false
  beginSlice()
  let done = 0
  try {
    while (done < jobs.length) (jobs[done++] as Job).runJob()
  } finally {
    // No job throws. If one did all the same, and the program lives on, the others must not be lost.
    for (; done < jobs.length; done++) nextTurn(jobs[done] as Job)
    jobs.length = 0
  }
}
