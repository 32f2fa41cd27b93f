import { describe, expect, test } from 'vitest'
import { BackdoorError, type ServeOptions, serve } from '../src/index.js'
import { openHouse, runScript } from './house.js'
import { Visitor } from './visitor.js'

describe('what serve refuses', () => {
  test.each([
    ['nowhere to listen', {}, 'CONFIGURATION'],
    ['an abstract name, which has no permissions', { unixPath: '\0name' }, 'CONFIGURATION'],
    ['no options', undefined, 'ERR_INVALID_ARG_TYPE'],
    ['a path that is none', { unixPath: 7 }, 'ERR_INVALID_ARG_TYPE'],
    ['a port that is a text', { port: '80' }, 'ERR_INVALID_ARG_TYPE'],
    ['a port that cannot be', { port: 65_536 }, 'ERR_OUT_OF_RANGE'],
    ['a context that is a text', { port: 0, context: 'x' }, 'ERR_INVALID_ARG_TYPE'],
    ['a context that is null', { port: 0, context: null }, 'ERR_INVALID_ARG_TYPE'],
    ['a prompt that is a number', { port: 0, prompt: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['no session at all', { port: 0, maxSessions: 0 }, 'ERR_OUT_OF_RANGE'],
    ['half a byte', { port: 0, maxUnsentBytes: 0.5 }, 'ERR_OUT_OF_RANGE'],
    ['an endless command', { port: 0, maxCommandBytes: Infinity }, 'ERR_OUT_OF_RANGE'],
    ['a time that is none', { port: 0, endGraceMs: NaN }, 'ERR_OUT_OF_RANGE'],
  ])('%s', (_, options, code) => {
    expect(() => serve(options as ServeOptions)).toThrow(expect.objectContaining({ code }))
  })
})

test('its own errors are BackdoorErrors', () => {
  expect(() => serve({})).toThrow(BackdoorError)
})

test('the welcome and the prompt are what was asked for', async () => {
  const { unixPath } = await openHouse({ welcome: 'hello\nyou', prompt: 'js$ ' })
  const visitor = await Visitor.over(unixPath)
  expect(await visitor.leaves('1\n')).toBe('hello\r\nyou\r\njs$ 1\njs$ ')
})

test('without a welcome there is none, and the one that nobody asked for names the process', async () => {
  const { unixPath } = await openHouse({ welcome: '' })
  expect(await (await Visitor.over(unixPath)).leaves('1\n')).toBe('> 1\n> ')
  const server = serve({ port: 0, telnet: false })
  const visitor = await Visitor.over(server.port ?? 0)
  await visitor.sees(`process ${process.pid}, Node ${process.version}.`)
  await server.close()
})

test('coro is all of core, the very same', async () => {
  const core = await import('@shrapnel/core')
  const { unixPath } = await openHouse({ context: { core } })
  expect(await runScript(unixPath, 'Object.keys(core).every((name) => core[name] === coro[name])\n')).toBe(
    'true\n> ',
  )
})
