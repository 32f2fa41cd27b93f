/** Which errors mean that the connection is gone. */
import { describe, expect, test } from 'vitest'
import { ClosedError, EndOfStream, GroupError, InParallelError, TimeoutError } from '../../src/errors.js'
import { isDisconnect } from '../../src/is-disconnect.js'
import { systemError } from '../../src/system-error.js'

const reset = systemError('read', -104)
const bug = new TypeError('x is not a function')

describe('an error means that the connection is gone', () => {
  test.each([
    ['the peer reset it', reset, true],
    ['it was closed on this side', new ClosedError('closed'), true],
    ['the peer ended too early', new EndOfStream(Buffer.alloc(0), 'ended'), true],
    ['TLS that ended without a word', Object.assign(new Error('cut'), { code: 'TRUNCATED' }), true],
    ['TLS that ended in its handshake', Object.assign(new Error('cut'), { code: 'TLS_HANDSHAKE_CUT' }), true],
    ['TLS that was refused', Object.assign(new Error('no'), { code: 'TLS_ALERT' }), false],
    ['a group in which every failure says so', new GroupError([reset, new ClosedError('closed')]), true],
    ['a group in which one is a bug', new GroupError([reset, bug]), false],
    ['functions of which some succeeded', parallel(reset), true],
    ['functions of which one has a bug', parallel(bug), false],
    ['a limit of time', new TimeoutError(5), false],
    ['a bug', bug, false],
    ['no error at all', 'ECONNRESET', false],
  ])('%s', (_, error, expected) => expect(isDisconnect(error)).toBe(expected))
})

function parallel(reason: unknown): InParallelError {
  return new InParallelError([
    { status: 'fulfilled', value: 1 },
    { status: 'rejected', reason },
  ])
}
