/** What children find in their environment. */
import { afterEach, expect, test, vi } from 'vitest'
import { childEnvironment } from '../src/child-environment.js'

afterEach(() => vi.unstubAllEnvs())

test('a child has what this process has, and what was added or taken away', () => {
  vi.stubEnv('ONE', '1')
  vi.stubEnv('TWO', '2')
  expect(childEnvironment('/bin/sh', { TWO: undefined, THREE: '3' })).toMatchObject({ ONE: '1', THREE: '3' })
  expect(childEnvironment('/bin/sh', { TWO: undefined }).TWO).toBeUndefined()
})

test('what is preloaded is for Node alone, unless it was added', () => {
  vi.stubEnv('LD_PRELOAD', '/sanitizer.so')
  expect(childEnvironment(process.execPath).LD_PRELOAD).toBe('/sanitizer.so')
  expect(childEnvironment('/bin/sh').LD_PRELOAD).toBeUndefined()
  expect(childEnvironment('/bin/sh', { LD_PRELOAD: '/x.so' }).LD_PRELOAD).toBe('/x.so')
})
