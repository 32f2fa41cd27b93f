/** What the README shows is run, and what it lists is all there is. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type PostgresServer, runProgram, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OPTION_NAMES, rowOf } from '../src/connect/option-table.js'
import { checkSettings, QUERY_SETTINGS } from '../src/connection/settings.js'
import { checkPoolOptions, POOL_OPTION_NAMES } from '../src/pool/pool-options.js'

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
/** On a machine that is busy coroutines are told to hold the processor. */
const complaints = (stderr: string): string => stderr.replace(/^.* held the processor for \d+ ms\n/gm, '')
const readme = readFileSync(path('README.md'), 'utf8')
const shown = /^```ts\n([\s\S]*?)^```$/m.exec(readme)?.[1] ?? ''

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres({ config: { wal_level: 'logical' } })
}, 60_000)
afterAll(() => server.stop())

test('the program of the README is the quick start, and short', () => {
  const [head, ...program] = readFileSync(path('examples/quick-start.ts'), 'utf8').split('\n')
  expect(head).toMatch(/^\/\*\* .* \*\/$/)
  expect(shown).toBe(program.join('\n'))
  expect(program.length).toBeLessThanOrEqual(20)
  expect(readme.slice(0, readme.indexOf(shown)).split('\n').length + program.length).toBeLessThan(30)
})

/** What each says. */
const SAID: Readonly<Record<string, string>> = {
  'quick-start': 'Ada has 70\nGrace has 30\n',
  transfers: '100 transfers asked for, and the sum is 500\n',
  'job-queue': '20 jobs done, 0 left\n',
  'csv-export': '100000 rows are 5744479 bytes of CSV\n100000 rows are back\n',
  'change-feed':
    'order 1 is new, order 2 is new\norder 1 becomes sent, order 2 becomes paid\norder 1 deleted\n',
}

test.each(Object.entries(SAID))(
  'the example %s says what it is to say, and ends by itself',
  async (name, said) => {
    const { code, stdout, stderr } = await runProgram(path(`examples/dist/${name}.js`), {
      env: { ...process.env, DATABASE_URL: server.url },
    })
    expect({ code, stdout, stderr: complaints(stderr) }).toEqual({ code: 0, stdout: said, stderr: '' })
  },
)

test('the quick start finds its server by the environment, too', async () => {
  const { DATABASE_URL, ...environment } = process.env
  const { code, stdout } = await runProgram(path('examples/dist/quick-start.js'), {
    env: { ...environment, PGHOST: server.unixFolder, PGPORT: `${server.port}`, PGUSER: 'postgres' },
  })
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Ada has 40\nGrace has 60\n' })
})

test('no example is left out', () => {
  const names = readdirSync(path('examples')).filter((name) => name.endsWith('.ts'))
  expect(names.sort()).toEqual(
    Object.keys(SAID)
      .map((name) => `${name}.ts`)
      .sort(),
  )
})

const rowsOf = (name: string): readonly string[] =>
  readme.split('\n').filter((line) => line.startsWith(`| \`${name}\` |`) || line.startsWith(`| \`${name}(`))
const number = (value: unknown): string =>
  value === Infinity
    ? 'none'
    : Number(value) % 2 ** 20 === 0 && value !== 0
      ? `${Number(value) / 2 ** 20} MiB`
      : Number(value).toLocaleString('en-US')

test('the README has each option of a connection with its names in URLs and in the environment', () => {
  const missing = OPTION_NAMES.filter((name) => {
    const { url, env } = rowOf(name)
    const cells =
      ` | ${url === undefined ? '' : `\`${url}\``} | ${env === undefined ? '' : `\`${env}\``} | `.replaceAll(
        '  ',
        ' ',
      )
    return !rowsOf(name).some((row) => row.includes(cells))
  })
  expect(missing).toEqual([])
})

test('the README has each option of queries and of a pool, with what it is unless given', () => {
  const known: Record<string, unknown> = { ...checkSettings({}), ...checkPoolOptions({}) }
  const missing = [...QUERY_SETTINGS, ...POOL_OPTION_NAMES].filter((name) => {
    const value = known[name]
    return !rowsOf(name).some((row) => typeof value !== 'number' || row.includes(` | ${number(value)} | `))
  })
  expect(missing).toEqual([])
})

/** The names in an interface of options, as it is written. */
function optionsIn(file: string, name: string): readonly string[] {
  const text = readFileSync(path(file), 'utf8')
  const body = new RegExp(`interface ${name} [^{]*\\{\\n([^]*?)^\\}`, 'm').exec(text)?.[1] ?? ''
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, option]) => option as string)
}

test.each([
  ['src/stream/stream-options.ts', 'StreamOptions'],
  ['src/copy/copy-options.ts', 'CopyRowOptions'],
  ['src/copy/copy-options.ts', 'CopyToOptions'],
  ['src/wire/copy/copy-csv.ts', 'CopyCsvOptions'],
  ['src/listen/listen-options.ts', 'ListenOptions'],
  ['src/transaction/transaction-options.ts', 'TransactionOptions'],
  ['src/replication/replication-options.ts', 'ReplicationOptions'],
  ['src/query.ts', 'QueryOptions'],
])('the README has each option in %s, %s', (file, name) => {
  const options = optionsIn(file, name)
  expect(options.length).toBeGreaterThan(1)
  const rows = readme.split('\n').filter((line) => line.startsWith('| `'))
  const firstCells = rows.map((row) => row.split(' | ')[0] ?? '')
  expect(options.filter((option) => !firstCells.some((cell) => cell.includes(`\`${option}\``)))).toEqual([])
})

test('the README has each code that an error of this package may have', () => {
  const codes = readFileSync(path('src/errors.ts'), 'utf8').matchAll(/^ {2}\| '(PG_[A-Z_]+)'$/gm)
  const missing = [...codes].map(([, code]) => code).filter((code) => !readme.includes(`| \`${code}\` |`))
  expect(missing).toEqual([])
})
