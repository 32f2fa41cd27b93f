import {
  Event,
  Interrupted,
  setExceptionNotifier,
  sleep,
  spawn,
  withTimeout,
  yieldSlice,
} from '@shrapnel/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  handleJsonRpc,
  invalidParams,
  JsonRpcError,
  type JsonRpcMethod,
  type JsonRpcOptions,
  jsonRpc,
} from '../../src/index.js'
import { inMemory, post, status } from '../conversation.js'
import { call } from './handmade-request.js'

const seen: unknown[] = []
const cycle: Record<string, unknown> = {}
cycle.self = cycle

const methods: Record<string, JsonRpcMethod> = {
  subtract: (params: readonly [number, number] | { minuend: number; subtrahend: number }) =>
    'minuend' in params ? params.minuend - params.subtrahend : params[0] - params[1],
  sum: async (params: readonly number[]) => {
    await yieldSlice()
    return params.reduce((all, one) => all + one, 0)
  },
  notify: (params: unknown) => void seen.push(params),
  nothing: () => undefined,
  get_data: () => ['hello', 5],
  picky: () => {
    throw invalidParams('a must be a number', { name: 'a' })
  },
  own: () => {
    throw new JsonRpcError(7, 'no money')
  },
  broken: () => {
    throw new Error('secret')
  },
  cycle: () => cycle,
  big: () => 10n,
  fn: () => () => 1,
  wait: () => sleep(Number.POSITIVE_INFINITY),
}

const ask = async (text: string, options: JsonRpcOptions = {}): Promise<unknown> => {
  const answered = await handleJsonRpc(methods, text, { onError: () => {}, ...options })
  return answered === undefined ? undefined : JSON.parse(answered)
}
const error = (code: number, message: string, id: unknown = null, data?: unknown) => ({
  jsonrpc: '2.0',
  error: data === undefined ? { code, message } : { code, message, data },
  id,
})
const result = (value: unknown, id: unknown) => ({ jsonrpc: '2.0', result: value, id })
const invalid = (id: unknown = null) => error(-32600, 'Invalid Request', id)

describe('JSON-RPC', () => {
  test.each<[text: string, expected: unknown]>([
    // The examples of the specification.
    ['{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}', result(19, 1)],
    ['{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": "x"}', result(19, 'x')],
    ['{"jsonrpc": "2.0", "method": "notify", "params": [1,2,3,4,5]}', undefined],
    ['{"jsonrpc": "2.0", "method": "foobar"}', undefined],
    ['{"jsonrpc": "2.0", "method": "foobar", "id": "1"}', error(-32601, 'Method not found', '1')],
    ['{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', error(-32700, 'Parse error')],
    ['{"jsonrpc": "2.0", "method": 1, "params": "bar"}', invalid()],
    ['[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"', error(-32700, 'Parse error')],
    ['[]', error(-32600, 'Invalid Request: an empty batch')],
    ['[1]', [invalid()]],
    ['[1,2,3]', [invalid(), invalid(), invalid()]],
    ['[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method": "notify", "params": [7]}, {"foo": "boo"}, {"jsonrpc": "2.0", "method": "get_data", "id": "9"}]',
      [result(7, '1'), invalid(), result(['hello', 5], '9')]],
    ['[{"jsonrpc": "2.0", "method": "notify", "params": [1,2,4]}, {"jsonrpc": "2.0", "method": "notify"}]', undefined],
    // Hostile ones.
    ['{"jsonrpc":"2.0","method":"__proto__","id":1}', error(-32601, 'Method not found', 1)],
    ['{"jsonrpc":"2.0","method":"constructor","id":1}', error(-32601, 'Method not found', 1)],
    ['{"jsonrpc":"2.0","method":"toString","id":1}', error(-32601, 'Method not found', 1)],
    ['{"jsonrpc":"2.0","method":"hasOwnProperty","params":["x"],"id":1}', error(-32601, 'Method not found', 1)],
    ['{"jsonrpc":"1.0","method":"nothing","id":1}', invalid(1)],
    ['{"method":"nothing","id":1}', invalid(1)],
    ['{"jsonrpc":"2.0","method":"nothing","id":{}}', invalid()],
    ['{"jsonrpc":"2.0","method":"nothing","id":true}', invalid()],
    ['{"jsonrpc":"2.0","method":"nothing","params":"x","id":1}', invalid(1)],
    ['{"jsonrpc":"2.0","method":"nothing","params":null,"id":1}', invalid(1)],
    ['{"jsonrpc":"2.0","method":["nothing"],"id":1}', invalid(1)],
    ['{"jsonrpc":"2.0","method":"nothing","id":null}', result(null, null)],
    ['{"jsonrpc":"2.0","method":"nothing","id":0}', result(null, 0)],
    ['[[]]', [invalid()]],
    ['null', invalid()],
    ['"x"', invalid()],
    ['', error(-32700, 'Parse error')],
    ['\u0000', error(-32700, 'Parse error')],
    ['{"jsonrpc":"2.0","method":"picky","id":1}', error(-32602, 'a must be a number', 1, { name: 'a' })],
    ['{"jsonrpc":"2.0","method":"own","id":1}', error(7, 'no money', 1)],
    ['{"jsonrpc":"2.0","method":"broken","id":1}', error(-32603, 'Internal error', 1)],
    ['{"jsonrpc":"2.0","method":"cycle","id":1}', error(-32603, 'Internal error', 1)],
    ['{"jsonrpc":"2.0","method":"big","id":1}', error(-32603, 'Internal error', 1)],
    ['{"jsonrpc":"2.0","method":"fn","id":1}', result(null, 1)],
    [`${'['.repeat(65)}${']'.repeat(65)}`, error(-32600, 'Invalid Request: nested too deeply')],
    [`${'{"a":'.repeat(100_000)}`, error(-32600, 'Invalid Request: nested too deeply')],
    [`{"jsonrpc":"2.0","method":"nothing","params":["${'['.repeat(200)}\\"${'['.repeat(200)}\\\\"],"id":1}`, result(null, 1)],
    [`[${Array.from({ length: 101 }, () => '1').join()}]`, error(-32600, 'Invalid Request: more than 100 calls in a batch')],
  ])('answers row %# of the table', async (text, expected) => {
    expect(await ask(text)).toEqual(expected)
  }) // biome-ignore format: a table

  test('runs the calls of a batch one after another, or so many at a time', async () => {
    const order: string[] = []
    let running = 0
    let most = 0
    const one = async ([name]: readonly [string]): Promise<string> => {
      most = Math.max(most, ++running)
      order.push(name)
      await sleep(1)
      running--
      return name
    }
    const names = ['a', 'b', 'c', 'd', 'e']
    const batch = JSON.stringify(names.map((name) => ({ jsonrpc: '2.0', method: 'one', params: [name], id: name })))
    const expected = names.map((name) => result(name, name))
    for (const [parallel, limit] of [[1, 1], [3, 3], [99, 5]] as const) {
      most = 0
      expect(JSON.parse((await handleJsonRpc({ one }, batch, { parallel })) as string)).toEqual(expected)
      expect(most).toBe(limit)
    }
    expect(order.slice(0, 5)).toEqual(names)
  }) // biome-ignore format: a table

  test('tells the notifier of what a method threw, and the caller nothing', async () => {
    const errors: unknown[] = []
    const before = setExceptionNotifier((thrown) => void errors.push(thrown))
    onTestFinished(() => void setExceptionNotifier(before))
    const text = await handleJsonRpc(methods, '{"jsonrpc":"2.0","method":"broken","id":1}')
    expect(text).not.toContain('secret')
    expect(errors).toEqual([expect.objectContaining({ message: 'secret' })])
  })

  test.each([1, 2])('can be cancelled, %i calls at a time', async (parallel) => {
    const began = new Event()
    const ended: unknown[] = []
    const wait = async (): Promise<void> => {
      began.set()
      await sleep(Number.POSITIVE_INFINITY).catch((thrown) => {
        ended.push(thrown)
        throw thrown
      })
    }
    const text = '[{"jsonrpc":"2.0","method":"wait","id":1},{"jsonrpc":"2.0","method":"wait","id":2}]'
    const asked = spawn(() => handleJsonRpc({ wait }, text, { parallel }))
    await began.wait()
    await yieldSlice()
    asked.interrupt()
    await expect(asked.join()).rejects.toBeInstanceOf(Interrupted)
    expect(ended).toHaveLength(parallel)
    await expect(
      withTimeout(2, () => handleJsonRpc(methods, '{"jsonrpc":"2.0","method":"wait","id":1}')),
    ).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  test.each([
    [{ parallel: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ maxBatch: 1 }, 'ERR_UNKNOWN_OPTION'],
    [{ onError: 1 }, 'ERR_INVALID_ARG_TYPE'],
  ])('refuses the options %j', (options, code) => {
    expect(() => jsonRpc(methods, options as object)).toThrow(expect.objectContaining({ code }))
    expect(() => jsonRpc({ a: 1 } as unknown as typeof methods)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })
})

describe('JSON-RPC over HTTP', () => {
  const handler = jsonRpc(methods, { maxBytes: 1_000 })
  const sum = '{"jsonrpc":"2.0","method":"sum","params":[1,2],"id":1}'
  const type = { 'Content-Type': 'application/json; charset=utf-8' }

  test.each([
    ['a call', { body: sum, headers: type }, 200],
    ['a notification', { body: '{"jsonrpc":"2.0","method":"notify"}', headers: type }, 204],
    ['what is no JSON', { body: '{', headers: type }, 200],
    ['a form', { body: sum, headers: { 'Content-Type': 'text/plain' } }, 415],
    ['no type', { body: sum }, 415],
    ['a type that begins like JSON', { body: sum, headers: { 'Content-Type': 'application/jsonx' } }, 415],
    ['a long body', { body: `${sum}${' '.repeat(1_000)}`, headers: type }, 413],
    ['GET', { method: 'GET' }, 405],
  ])('answers %s', async (_what, parts, expected) => {
    expect((await call(handler, { method: 'POST', ...parts })).status).toBe(expected)
  })

  test('goes over a connection', async () => {
    await using talk = await inMemory(handler)
    const text = await talk.ask(post(sum, 'Content-Type: application/json\r\nConnection: close\r\n'))
    expect([status(text), text.slice(text.indexOf('{'))]).toEqual([
      200,
      '{"jsonrpc":"2.0","result":3,"id":1}',
    ])
  })
})
