import { describe, expect, test } from 'vitest'
import { runProgram } from '../src/child-program.js'

const program = (name: string) => new URL(`programs/${name}.mjs`, import.meta.url)

describe('runProgram', () => {
  test('it gives the code and what was written, whatever the code is', async () => {
    const result = await runProgram(program('ends-with'), {
      args: ['3', 'a', 'b c'],
      nodeArgs: ['--no-warnings'],
      env: { FLAVOUR: 'salty' },
      stdin: 'typed in',
    })
    expect(result).toMatchObject({ code: 3, signal: null })
    expect(result.stdout).toBe('out a,b c salty typed in\n')
    expect(result.stderr).toBe('err --no-warnings\n')
    expect(result.durationMs).toBeGreaterThan(1)
  })

  test('without stdin the input is empty, and undefined removes a name from the environment', async () => {
    process.env.FLAVOUR = 'inherited'
    try {
      expect((await runProgram(program('ends-with'), { args: ['0'] })).stdout).toBe('out  inherited \n')
      const bare = await runProgram(program('ends-with'), { args: ['0'], env: { FLAVOUR: undefined } })
      expect(bare.stdout).toBe('out  plain \n')
    } finally {
      delete process.env.FLAVOUR
    }
  })

  test('a program that does not end is killed, and the error holds what it wrote', async () => {
    const running = runProgram(program('never-ends'), { timeoutMs: 700 })
    await expect(running).rejects.toMatchObject({ code: 'program-timeout', output: 'last words\n' })
    await expect(running).rejects.toThrow(/never-ends\.mjs did not end within 700 ms.*\n.*\nlast words/)
  })

  test('a signal that ends it is told', async () => {
    const result = await runProgram('-e', { nodeArgs: [], args: ['process.kill(process.pid, "SIGTERM")'] })
    expect(result).toMatchObject({ code: null, signal: 'SIGTERM' })
  })

  test('input that the program does not read is no error', async () => {
    const result = await runProgram('-e', { args: ['process.exit(0)'], stdin: new Uint8Array(1_000_000) })
    expect(result.code).toBe(0)
  })

  test('a grandchild that holds the output does not hold the result', async () => {
    const result = await runProgram(program('leaves-a-grandchild'))
    process.kill(Number(result.stdout))
    expect(result.code).toBe(0)
    expect(result.durationMs).toBeLessThan(5_000)
  })

  test('a Node that is not there is an error', async () => {
    await expect(runProgram('x.mjs', { nodePath: '/nowhere/node' })).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
