/** One of each for all connections of a thread: nobody has them while anybody waits. */
import { RequestHead } from '../wire/request-head.js'
import { Answer } from './answer.js'
import { OutputBuffer } from './output-buffer.js'

/** The head that was parsed last. */
export const head = new RequestHead()
/** Answers that are not sent yet: all of one connection. */
export const out = new OutputBuffer()
export const answer = new Answer(out)
