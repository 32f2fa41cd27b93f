/** Types of extensions that Debian has not: pgvector's, by a server that says what PostgreSQL says where it is installed. */
import { spawn } from '@shrapnel/core'
import { expect, test } from 'vitest'
import { MessageWriter } from '../../src/wire/message-writer.js'
import { vector } from '../../src/wire/types/extension-types.js'
import { column, ready, ScriptedBackend } from './scripted-backend.js'

/** Of every database another. */
const VECTOR = 90_210
const VECTORS = 90_215

const inBinary = (numbers: readonly number[]): Buffer => {
  const writer = new MessageWriter()
  vector.toBinary?.(writer, numbers)
  return writer.take()
}

test('pgvector is found in the catalogue when it appears, and read and written in binary', async () => {
  const backend = new ScriptedBackend()
  const [numbers, text] = [Float32Array.of(1.5, -2), 'select $1::vector as v']
  const asked = spawn(() => backend.db.query(text, [numbers]))
  expect((await backend.hear()).map(({ kind }) => kind)).toEqual(['parse', 'describe', 'sync'])
  await backend.say(
    { kind: 'parse-complete' },
    { kind: 'parameter-description', typeOids: [VECTOR] },
    { kind: 'row-description', columns: [column('v', VECTOR)] },
    ready(),
  )
  expect((await backend.hear()).map(({ kind }) => kind)).toEqual(['query'])
  // The catalogue is asked once, and what waits for it is not sent.
  expect(backend.db.inFlight).toBe(2)
  const types = [
    [VECTOR, 'vector', 'b', '0', ',', null],
    [VECTORS, '_vector', 'a', String(VECTOR), ',', null],
  ]
  await backend.say(
    {
      kind: 'row-description',
      columns: ['oid', 'name', 'kind', 'element', 'delimiter', 'fields'].map((name) => column(name, 25)),
    },
    ...types.map(
      (values) =>
        ({
          kind: 'data-row',
          values: values.map((value) => (value === null ? null : Buffer.from(String(value)))),
        }) as const,
    ),
    { kind: 'command-complete', tag: 'SELECT 2' },
    ready(),
  )
  for (const isFirst of [true, false]) {
    const again = isFirst ? asked : spawn(() => backend.db.query(text, [[1.5, -2]]))
    const [bind] = await backend.hear()
    expect(bind).toMatchObject({ kind: 'bind', parameters: [inBinary([1.5, -2])], resultFormats: [1] })
    await backend.say(
      { kind: 'bind-complete' },
      { kind: 'data-row', values: [inBinary([0.25, 3])] },
      { kind: 'command-complete', tag: 'SELECT 1' },
      ready(),
    )
    expect([...(await again.join())]).toEqual([{ v: Float32Array.of(0.25, 3) }])
  }
  await expect(backend.db.query(text, [[1, Number.NaN]])).rejects.toMatchObject({ code: 'PG_PARAMETER' })
  expect(backend.db.isReusable).toBe(true)
})
