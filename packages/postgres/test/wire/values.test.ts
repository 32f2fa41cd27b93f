import { describeHostile, parseHex, seededRandom } from '@shrapnel/test-support'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ColumnDescription } from '../../src/wire/backend-message.js'
import { PostgresWireError } from '../../src/wire/errors.js'
import type { Format } from '../../src/wire/message-types.js'
import { MessageWriter } from '../../src/wire/message-writer.js'
import { RowDecoder } from '../../src/wire/rows/row-decoder.js'
import { civilDate, daysOf } from '../../src/wire/types/calendar.js'
import { hstore, vector } from '../../src/wire/types/extension-types.js'
import { int8AsBigint } from '../../src/wire/types/numbers.js'
import { numericAsNumber } from '../../src/wire/types/numeric.js'
import { encodeBindValues, TypedParameter } from '../../src/wire/types/parameters.js'
import { TypeRegistry } from '../../src/wire/types/registry.js'
import { timestamptzAsText } from '../../src/wire/types/timestamps.js'
import type { TypeCodec } from '../../src/wire/types/type-codec.js'
import { TypeOid } from '../../src/wire/types/type-oids.js'

const types = new TypeRegistry()

function column(name: string, typeOid: number, format: Format = 1): ColumnDescription {
  return { name, typeOid, format, tableOid: 0, attributeNumber: 0, typeSize: -1, typeModifier: -1 }
}

function dataRow(...values: readonly (Uint8Array | string | null)[]): Buffer {
  const writer = new MessageWriter()
  writer.int16(values.length)
  for (const value of values) writer.countedBytes(typeof value === 'string' ? Buffer.from(value) : value)
  return writer.take()
}

function object(columns: readonly ColumnDescription[], row: Buffer): Record<string, unknown> {
  return new RowDecoder(columns, types).object(row, 0, row.length)
}

describe('a row', () => {
  const text = (name: string) => column(name, TypeOid.text, 0)

  test('has the last of two columns of the same name as an object, and both as an array', () => {
    const columns = [text('a'), text('a')]
    const row = dataRow('1', '2')
    expect(object(columns, row)).toEqual({ a: '2' })
    expect(new RowDecoder(columns, types).array(row, 0, row.length)).toEqual(['1', '2'])
  })

  test('is a plain object, also with a column called __proto__', () => {
    const row = object([text('__proto__'), text('constructor')], dataRow('x', 'y'))
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
    expect(Object.getOwnPropertyDescriptor(row, '__proto__')?.value).toBe('x')
    expect(Object.keys(row)).toEqual(['__proto__', 'constructor'])
    expect({}).not.toHaveProperty('x')
    expect(Object.getPrototypeOf(object([text('a')], dataRow('1')))).toBe(Object.prototype)
  })

  test('can be many columns, and none', () => {
    const names = Array.from({ length: 40 }, (_, i) => `c${i}`)
    expect(object(names.map(text), dataRow(...names))).toEqual(
      Object.fromEntries(names.map((name) => [name, name])),
    )
    expect(object([], dataRow())).toEqual({})
  })

  test('is appended to lists of columns', () => {
    const decoder = new RowDecoder([text('a'), column('b', TypeOid.int4)], types)
    const lists: unknown[][] = [[], []]
    for (const row of [dataRow('x', parseHex('00000001')), dataRow(null, null)])
      decoder.appendTo(lists, row, 0, row.length)
    expect(lists).toEqual([
      ['x', null],
      [1, null],
    ])
  })

  test('does not change when its chunk is used again', () => {
    const row = dataRow('a text that is long enough', parseHex('0102'), 'another text of some length')
    const decoder = new RowDecoder([text('a'), column('b', TypeOid.bytea), text('c')], types)
    const first = decoder.array(row, 0, row.length)
    row.fill(0xff)
    expect(first).toEqual(
      ['a text that is long enough', parseHex('0102'), 'another text of some length'].map((value) =>
        value instanceof Uint8Array ? Buffer.from(value) : value,
      ),
    )
  })

  test('has any texts in any order', () => {
    const value = fc.option(fc.string({ unit: 'binary', maxLength: 60 }), { nil: null })
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 8 }), (values) => {
        const columns = values.map((_, i) => text(`c${i}`))
        const row = dataRow(...values)
        const expected = values.map((v) => (v === null ? null : Buffer.from(v).toString()))
        expect(new RowDecoder(columns, types).array(row, 0, row.length)).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  test('names the column whose value is wrong', () => {
    expect(() => object([column('n', TypeOid.int4)], dataRow('abc'))).toThrow(/column n/)
    expect(() => object([column('j', TypeOid.json, 0)], dataRow('{'))).toThrow(
      expect.objectContaining({ code: 'PG_VALUE' }),
    )
  })
})

describeHostile(
  'a hostile row',
  [
    ['no count', '00', 'PG_SHORT'],
    ['more values than columns', '0003 ffffffff ffffffff ffffffff', 'PG_FIELD'],
    ['fewer values than columns', '0001 ffffffff', 'PG_FIELD'],
    ['a count below zero', 'ffff', 'PG_FIELD'],
    ['a length that is not there', '0002 ffffffff 0000', 'PG_SHORT'],
    ['a value beyond the end', '0002 ffffffff 00000002 41', 'PG_SHORT'],
    ['a length of 2 GiB', '0002 ffffffff 7fffffff', 'PG_SHORT'],
    ['a length of -2', '0002 fffffffe ffffffff', 'PG_FIELD'],
    ['bytes after the last value', '0002 ffffffff ffffffff 00', 'PG_TRAILING'],
    ['an int4 of three bytes', '0002 00000003 010203 ffffffff', 'PG_VALUE'],
    ['a text of any length in a run that lies', `0002 ffffffff 00000010 ${'41'.repeat(15)}`, 'PG_SHORT'],
  ],
  (row) => object([column('n', TypeOid.int4), column('t', TypeOid.text, 0)], Buffer.from(row)),
)

const binary = (oid: number) => (row: Uint8Array) => {
  const bytes = Buffer.from(row)
  return (types.get(oid) as TypeCodec).fromBinary?.(bytes, 0, bytes.length)
}
const text = (oid: number) => (row: Uint8Array) => types.get(oid).fromText(Buffer.from(row).toString())
const bytes = (content: string) => Buffer.from(content)

describeHostile(
  'a hostile array',
  [
    ['nothing', '', 'PG_VALUE'],
    ['a header that is cut', '00000001 00000000', 'PG_VALUE'],
    ['dimensions below zero', 'ffffffff 00000000 00000017', 'PG_VALUE'],
    {
      why: 'seven dimensions',
      bytes: `00000007 00000000 00000017 ${'0000000100000001'.repeat(7)} ffffffff`,
      code: 'PG_LIMIT',
      limit: 'MAX_ARRAY_DIMENSIONS',
    },
    ['unknown flags', '00000000 00000002 00000017', 'PG_VALUE'],
    ['elements without number', '00000001 00000000 00000017 7fffffff 00000001', 'PG_VALUE'],
    [
      'dimensions whose product is without number',
      '00000002 00000000 00000017 00010000 00000001 00010000 00000001',
      'PG_VALUE',
    ],
    [
      'a dimension of nothing under one of much',
      '00000002 00000000 00000017 7fffffff 00000001 00000000 00000001',
      'PG_VALUE',
    ],
    [
      'an element beyond the end',
      '00000001 00000000 00000017 00000001 00000001 00000008 00000001',
      'PG_VALUE',
    ],
    [
      'an element of the wrong size',
      '00000001 00000000 00000017 00000001 00000001 00000002 0001',
      'PG_VALUE',
    ],
    ['bytes after the last element', '00000001 00000000 00000017 00000001 00000001 ffffffff 00', 'PG_VALUE'],
  ],
  binary(1007),
)

describeHostile(
  'a hostile text of an array',
  [
    ['nothing', bytes(''), 'PG_VALUE'],
    ['no end', bytes('{1,2'), 'PG_VALUE'],
    ['something after the end', bytes('{1}x'), 'PG_VALUE'],
    ['a quote that is not closed', bytes('{"1}'), 'PG_VALUE'],
    ['an element that is none', bytes('{1,}'), 'PG_VALUE'],
    ['bounds without an array', bytes('[1:2]'), 'PG_VALUE'],
    {
      why: 'brackets for ever',
      bytes: bytes('{'.repeat(100_000)),
      code: 'PG_LIMIT',
      limit: 'MAX_ARRAY_DIMENSIONS',
    },
  ],
  text(1007),
)

describeHostile(
  'a hostile record',
  [
    ['nothing', '', 'PG_VALUE'],
    ['fields below zero', 'ffffffff', 'PG_VALUE'],
    ['fields without number', '7fffffff 00000017 ffffffff', 'PG_VALUE'],
    ['a field beyond the end', '00000001 00000017 00000008 00000001', 'PG_VALUE'],
    ['bytes after the last field', '00000001 00000017 ffffffff 00', 'PG_VALUE'],
    {
      why: 'records in records for ever',
      bytes: nestedRecords(5000),
      code: 'PG_LIMIT',
      limit: 'MAX_VALUE_DEPTH',
    },
  ],
  binary(TypeOid.record),
)

function nestedRecords(depth: number): Buffer {
  let inner = Buffer.from('00000000', 'hex')
  for (let i = 0; i < depth; i++) {
    const head = Buffer.from('00000001000008c900000000', 'hex')
    head.writeInt32BE(inner.length, 8)
    inner = Buffer.concat([head, inner])
  }
  return inner
}

test('a record that was refused for its depth leaves no depth behind', () => {
  for (let i = 0; i < 40; i++)
    expect(() => binary(TypeOid.record)(nestedRecords(100))).toThrow(
      expect.objectContaining({ code: 'PG_LIMIT' }),
    )
  expect(binary(TypeOid.record)(nestedRecords(30))).toBeInstanceOf(Array)
})

describeHostile(
  'other hostile values',
  [
    ['a numeric of groups that are not there', '0002 0000 0000 0000 0001', 'PG_VALUE'],
    ['a numeric of a digit group above 9999', '0001 0000 0000 0000 2710', 'PG_VALUE'],
    ['a numeric of an unknown sign', '0000 0000 1234 0000', 'PG_VALUE'],
  ],
  binary(TypeOid.numeric),
)

describeHostile(
  'hostile ranges',
  [
    ['nothing', '', 'PG_VALUE'],
    ['a bound beyond the end', '02 00000004 0001', 'PG_VALUE'],
    ['a bound below zero', '02 fffffffe', 'PG_VALUE'],
    ['bytes after an empty one', '01 00', 'PG_VALUE'],
  ],
  binary(3904),
)

describeHostile(
  'hostile texts of ranges',
  [
    ['nothing', bytes(''), 'PG_VALUE'],
    ['one bound', bytes('[1'), 'PG_VALUE'],
    ['no end', bytes('[1,2'), 'PG_VALUE'],
    ['something after the end', bytes('[1,2)x'), 'PG_VALUE'],
    ['a quote that is not closed', bytes('["1,2)'), 'PG_VALUE'],
  ],
  text(3904),
)

test('random bytes in place of a value are refused by an error of this package, or are a value', () => {
  const random = seededRandom(17)
  const registry = new TypeRegistry().register(90_000, hstore).register(90_001, vector)
  const oids = [...Object.values(TypeOid), 1007, 1009, 3907, 6150, 2287, 90_000, 90_001]
  let refused = 0
  for (let round = 0; round < 40_000; round++) {
    const bytes = Buffer.alloc(Math.floor(random() * 32))
    for (let i = 0; i < bytes.length; i++)
      bytes[i] = random() < 0.6 ? Math.floor(random() * 3) : Math.floor(random() * 256)
    const codec = registry.get(oids[round % oids.length] as number)
    for (const run of [
      () => codec.fromBinary?.(bytes, 0, bytes.length),
      () => codec.fromText(bytes.toString()),
    ]) {
      const error = caught(run)
      expect(
        error === undefined || error instanceof PostgresWireError,
        `${codec.name} ${bytes.toString('hex')} ${error}`,
      ).toBe(true)
      if (error !== undefined) refused++
    }
  }
  expect(refused).toBeGreaterThan(10_000)
})

function caught(run: () => unknown): unknown {
  try {
    run()
    return undefined
  } catch (error) {
    return error
  }
}

describe('decode(encode(x)) is x', () => {
  const cases: readonly (readonly [name: string, codec: TypeCodec, values: fc.Arbitrary<unknown>])[] = [
    ['int4', types.get(TypeOid.int4), fc.integer()],
    [
      'int8',
      types.get(TypeOid.int8),
      fc.oneof(
        fc.maxSafeInteger(),
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
        fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
      ),
    ],
    ['float8', types.get(TypeOid.float8), fc.double()],
    ['bytea', types.get(TypeOid.bytea), fc.uint8Array().map((b) => Buffer.from(b))],
    [
      'timestamptz',
      types.get(TypeOid.timestamptz),
      fc.date({ min: new Date('-004712-01-01'), max: new Date(8.64e15), noInvalidDate: true }),
    ],
    ['int4[]', types.get(1007), fc.array(fc.option(fc.integer()))],
    ['float8[][]', types.get(1022), fc.array(fc.tuple(fc.double(), fc.double()), { minLength: 1 })],
    ['bool[]', types.get(1000), fc.array(fc.boolean())],
    ['hstore', hstore, fc.dictionary(fc.string(), fc.option(fc.string()), { noNullPrototype: true })],
    ['vector', vector, fc.float32Array({ minLength: 1, noNaN: true, noDefaultInfinity: true })],
  ]
  for (const [name, codec, values] of cases)
    test(`for ${name}, in binary and in text`, () => {
      fc.assert(
        fc.property(values, (value) => {
          const writer = new MessageWriter()
          codec.toBinary?.(writer, value)
          const bytes = writer.take()
          expect(codec.fromBinary?.(bytes, 0, bytes.length)).toEqual(value)
          expect(codec.fromText(codec.toText(value))).toEqual(value)
        }),
        { numRuns: 200 },
      )
    })

  test('for text[], whatever is in it', () => {
    const codec = types.get(1009)
    fc.assert(
      fc.property(fc.array(fc.option(fc.string({ unit: 'binary' }))), (value) => {
        expect(codec.fromText(codec.toText(value))).toEqual(value)
      }),
    )
  })

  test('for days and their dates', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2_500_000, max: 2_200_000_000 }), (days) => {
        const { year, month, day } = civilDate(days)
        expect(daysOf(year, month, day)).toBe(days)
      }),
    )
  })
})

describe('a parameter', () => {
  const refused = { code: 'PG_PARAMETER' }
  const bind = (value: unknown, oid: number) => {
    const writer = new MessageWriter()
    encodeBindValues(writer, '', '', ['before', value], [0, oid], [], types)
    return writer.take()
  }

  for (const [why, value, oid] of [
    ['a fraction for int4', 1.5, TypeOid.int4],
    ['a number beyond int4', 2 ** 31, TypeOid.int4],
    ['NaN for int8', Number.NaN, TypeOid.int8],
    ['a number beyond 2^53 for int8', 2 ** 60, TypeOid.int8],
    ['a bigint beyond int8', 2n ** 63n, TypeOid.int8],
    ['a boolean for int4', true, TypeOid.int4],
    ['a number for bool', 1, TypeOid.bool],
    ['an invalid date', new Date(Number.NaN), TypeOid.timestamptz],
    ['an object for text', {}, TypeOid.text],
    ['a list for text', [1], TypeOid.text],
    ['a function', () => 1, 0],
    ['a symbol', Symbol('x'), 0],
    ['rows of different lengths', [[1, 2], [3]], 1007],
    ['a list and a number side by side', [[1], 2], 1007],
    ['no bytes for bytea', 5, TypeOid.bytea],
    ['a bigint in json', { a: 1n }, TypeOid.jsonb],
    ['no interval', { hours: 1 }, TypeOid.interval],
  ] as const)
    test(`that is ${why} is refused, with its number and without its value`, () => {
      expect(() => bind(value, oid)).toThrow(expect.objectContaining({ ...refused, at: 1 }))
    })

  test('that is refused leaves nothing of its message', () => {
    const writer = new MessageWriter()
    writer.uint8(1)
    expect(() => encodeBindValues(writer, '', '', [1.5], [TypeOid.int4], [], types)).toThrow()
    expect(writer.length).toBe(1)
  })

  test('that is a string for json is json already, unless it is said to be a value', () => {
    expect(bind('{"a":1}', TypeOid.jsonb).includes('{"a":1}')).toBe(true)
    expect(bind(new TypedParameter('text', TypeOid.json), 0).includes('"text"')).toBe(true)
  })
})

test('a program has other types if it registers them, and their lists follow', () => {
  const registry = new TypeRegistry()
    .register(TypeOid.int8, int8AsBigint)
    .register(TypeOid.numeric, numericAsNumber)
    .register(TypeOid.timestamptz, timestamptzAsText)
  expect(registry.get(1016).fromText('{1,2}')).toEqual([1n, 2n])
  expect(registry.get(1231).fromText('{1.50}')).toEqual([1.5])
  expect(registry.get(1185).fromText('{"2026-11-21 13:37:00.123456+00"}')).toEqual([
    '2026-11-21 13:37:00.123456+00',
  ])
  expect(new TypeRegistry().get(1016).fromText('{1,2}')).toEqual([1, 2])
})
