/** The four prefork servers, with the client that they share. */
import { expect, test } from 'vitest'
import { runExample, startExample, untilSaid } from './example.js'

test.each([
  ['shared-accept', 1, 2],
  ['reuse-port', 1, 2],
  ['pass-descriptor', 2, 2],
  ['child-per-connection', 20, 20],
] as const)(
  '%s serves every connection of the client, which tells who served how many',
  { timeout: 30_000 },
  async (name, fewest, most) => {
    await using server = await startExample(
      `servers/${name}`,
      /^\S+ on port \d+, supervisor \d+$/m,
      '-p',
      '0',
    )
    const [, port, pid] = /port (\d+), supervisor (\d+)/.exec(server.output()) as RegExpExecArray
    const { code, stdout } = await runExample(
      'servers/client',
      '-p',
      port as string,
      '-c',
      '4',
      '-t',
      '5',
      '-b',
      '100000',
      '--json', // biome-ignore format: a command line
    )
    expect(code).toBe(0)
    const { answered, shares, failures } = JSON.parse(stdout) as {
      answered: number
      shares: Record<string, number>
      failures: object
    }
    expect(answered).toBe(20)
    expect(failures).toEqual({})
    const children = Object.keys(shares)
    expect(children.length).toBeGreaterThanOrEqual(fewest)
    expect(children.length).toBeLessThanOrEqual(most)
    for (const child of children) expect(child).toMatch(/^worker \d+ pid \d+$/)
    // What the client counted is what the server reports.
    process.kill(Number(pid), 'SIGUSR2')
    await untilSaid(server, /"accepted":20,/)
  },
)

test('the servers explain themselves', async () => {
  const { code, stdout } = await runExample('servers/shared-accept', '--help')
  expect(code).toBe(0)
  expect(stdout).toContain('--workers')
  expect((await runExample('servers/reuse-port', '-w', 'many')).code).toBe(2)
})
