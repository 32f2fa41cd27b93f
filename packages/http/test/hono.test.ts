import { expect, test } from 'vitest'
import { type FetchHandlerOptions, fetchHandler } from '../src/index.js'
import { describeHono } from './hono-laws.js'

const { Response: PlatformResponse } = globalThis

describeHono(false)

test('the classes of the platform are left alone unless told otherwise', () => {
  expect(Response).toBe(PlatformResponse)
})

test.each([
  [undefined, {}, 'ERR_INVALID_ARG_TYPE'],
  [() => new Response(), { overrideGlobal: true }, 'ERR_UNKNOWN_OPTION'],
  [() => new Response(), { overrideGlobals: 1 }, 'ERR_INVALID_ARG_TYPE'],
])('an argument that is none is refused: %s %j', (app, options, code) => {
  expect(() => fetchHandler(app as never, options as FetchHandlerOptions)).toThrow(
    expect.objectContaining({ code }),
  )
})
