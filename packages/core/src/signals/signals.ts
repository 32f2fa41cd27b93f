/** Signals to this process, as one takes them: by waiting, by a handler, or not at all. */
import { exitOn } from './exit-on.js'
import { handle } from './signal-handler.js'
import { release, wait } from './signal-wait.js'

export const signals = { wait, handle, release, exitOn }
