import { AssertionError } from 'node:assert'
import { describe, expect, test } from 'vitest'
import { checkHostile, describeHostile, hostileRows } from '../src/hostile-table.js'

class CodedError extends Error {
  readonly code: string
  readonly limit: string | undefined
  constructor(code: string, text: string, limit?: string) {
    super(text)
    this.code = code
    this.limit = limit
  }
}

/** Accepts one length byte and so many more, at most 4. */
function decode(bytes: Uint8Array): Uint8Array {
  const length = bytes[0]
  if (length === undefined) throw new CodedError('truncated', 'no length')
  if (length > 4) throw new CodedError('too-large', `${length} is over maxLetters (4)`, 'maxLetters')
  if (bytes.length < 1 + length) throw new CodedError('truncated', 'ends early')
  return bytes.subarray(1)
}

describeHostile(
  'a synchronous decoder',
  [
    ['no bytes at all', '', 'truncated'],
    ['fewer letters than said', '04 61 // one of four', 'truncated'],
    { why: 'more letters than allowed', bytes: Uint8Array.of(5), code: 'too-large', limit: 'maxLetters' },
  ],
  decode,
)

describeHostile('an asynchronous one', [['no bytes at all', '', 'truncated']], async (bytes) => {
  await null
  return decode(bytes)
})

describe('the table itself', () => {
  // `fails` turns each registered test round: the block is green only if every row in it is red.
  describe('fails on input that is accepted', { fails: true }, () => {
    describeHostile('rows', [['nothing wrong with it', '01 61', 'truncated']], decode)
  })
})

describe('checkHostile', () => {
  test('accepted input fails and the answer is shown', async () => {
    await expect(checkHostile(['fine', '01 61', 'truncated'], decode)).rejects.toThrow(
      "expected an error with code 'truncated', but it was accepted and gave Uint8Array(1) [ 97 ]",
    )
    await expect(checkHostile(['fine', '00', 'x'], async () => 'ok')).rejects.toThrow(
      "accepted and gave 'ok'",
    )
    await expect(checkHostile(['fine', '00', 'x'], () => undefined)).rejects.toThrow(
      'accepted and gave undefined',
    )
  })

  test('another code fails, shows both, and keeps the real error as its cause', async () => {
    const failing = checkHostile(['wrong', '', 'too-large'], decode)
    await expect(failing).rejects.toThrow(
      "expected an error with code 'too-large', got 'truncated': Error: no length",
    )
    await expect(failing).rejects.toMatchObject({ cause: { code: 'truncated' }, expected: 'too-large' })
    await expect(failing).rejects.toBeInstanceOf(AssertionError)
  })

  test('an error without a code fails', async () => {
    const failing = checkHostile(['wrong', '', 'truncated'], () => {
      throw new TypeError('oops')
    })
    await expect(failing).rejects.toThrow('got undefined: TypeError: oops')
  })

  test('something thrown that is no Error fails even when it has the code', async () => {
    const rejecting = checkHostile(['wrong', '', 'x'], () => Promise.reject({ code: 'x' }))
    await expect(rejecting).rejects.toThrow("it threw { code: 'x' }")
  })

  test('an error that does not name the limit fails', async () => {
    const row = { why: 'long', bytes: '09', code: 'too-large', limit: 'maxDigits' }
    await expect(checkHostile(row, decode)).rejects.toThrow('does not name the limit maxDigits')
  })

  test('a limit may be named in the text alone', async () => {
    const row = { why: 'long', bytes: '', code: 'too-large', limit: 'maxDigits' }
    await checkHostile(row, () => {
      throw new CodedError('too-large', 'over maxDigits')
    })
  })
})

describe('hostileRows', () => {
  test('two rows with one name are refused', () => {
    const rows = [
      ['twice', '00', 'a'],
      ['twice', '01', 'b'],
    ] as const
    expect(() => hostileRows(rows)).toThrow("two hostile rows are called 'twice'")
  })

  test('an empty table, a row without reason or code, and bytes that are no hex are refused', () => {
    expect(() => hostileRows([])).toThrow('empty')
    expect(() => hostileRows([[' ', '00', 'a']])).toThrow('needs a reason')
    expect(() => hostileRows([['why', '00', '']])).toThrow('needs a reason and a code')
    expect(() => hostileRows([['odd digit', '0', 'a']])).toThrow(
      "the bytes of the hostile row 'odd digit' are no hex",
    )
  })
})
