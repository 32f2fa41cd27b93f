import { createHash, createHmac } from 'node:crypto'
import { type PostgresServer, seededRandom, startPostgres } from '@shrapnel/test-support'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { md5Response } from '../../src/wire/authentication/md5.js'
import { saltPassword } from '../../src/wire/authentication/scram-client.js'
import { CopyBinaryDecoder, CopyBinaryEncoder } from '../../src/wire/copy/copy-binary.js'
import { CopyCsvDecoder, CopyCsvEncoder } from '../../src/wire/copy/copy-csv.js'
import { CopyTextDecoder, CopyTextEncoder } from '../../src/wire/copy/copy-text.js'
import { encodeCopyData, encodeCopyDone, encodeQuery } from '../../src/wire/frontend-encode.js'
import { MessageWriter } from '../../src/wire/message-writer.js'
import { decodeEnvelope, encodeStandbyStatus } from '../../src/wire/replication/envelope.js'
import { PgoutputDecoder } from '../../src/wire/replication/pgoutput-decoder.js'
import { type PgoutputMessage, UNCHANGED } from '../../src/wire/replication/pgoutput-message.js'
import { RowDecoder, resultFormats } from '../../src/wire/rows/row-decoder.js'
import { encodeBindValues } from '../../src/wire/types/parameters.js'
import { CATALOG_QUERY, decodeCatalogType, TypeRegistry } from '../../src/wire/types/registry.js'
import { type Answer, TinyClient } from './tiny-client.js'
import { typeSamples } from './type-samples.js'

let server: PostgresServer
let client: TinyClient

beforeAll(async () => {
  server = await startPostgres({ config: { wal_level: 'logical', logical_decoding_work_mem: '64kB' } })
  client = await TinyClient.open(server.port, { TimeZone: 'UTC', lc_monetary: 'C' })
}, 60_000)

afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await server.stop()
})

const types = new TypeRegistry()

function rowsOf(answer: Answer, registry = types): unknown[][] {
  const decoder = new RowDecoder(answer.columns, registry)
  return answer.rows.map((row) => decoder.array(row, 0, row.length))
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

describe('each type', () => {
  for (const { type, literal, value, isOneWay } of typeSamples) {
    const title = `${type} ${literal.slice(0, 50)}`
    test(`${title} is the same from text and from binary`, async () => {
      const text = `select ${quoted(literal)}::${type} as v`
      const asText = await client.value(text, 0)
      expect(rowsOf(asText)).toEqual([[value]])
      const hasBinary = types.get(asText.columns[0]?.typeOid as number).fromBinary !== undefined
      // money and the names of things are numbers in binary, and lists of them too.
      const format = hasBinary && !/^(?:money|reg)/.test(type) ? 1 : 0
      expect(rowsOf(await client.value(text, format))).toEqual([[value]])
    })
    if (isOneWay !== true)
      test(`${title} is what the server understands`, async () => {
        const query = (format: 'known' | 'unknown') =>
          client.value(`select ${quoted(literal)}::${type}::text as v`, 0).then(async (expected) => {
            const described = await client.value(`select ${quoted(literal)}::${type} as v`, 0)
            const oid = described.columns[0]?.typeOid as number
            const answer = await client.extended(`select $1::${type}::text as v`, [oid], (writer) =>
              encodeBindValues(writer, '', '', [value], format === 'known' ? [oid] : [], [0], types),
            )
            expect(rowsOf(answer)).toEqual(rowsOf(expected))
          })
        await query('known')
        // What the server has not described is sent as text, which says nothing of bytes and json in arrays.
        if (
          !/^(?:json|.*range|int[24]vector|oidvector|path|polygon|line|lseg|box|circle)|bytea\[\]/.test(type)
        )
          await query('unknown')
      })
  }

  test('bytea in the old escape format is the same bytes', async () => {
    await client.query("set bytea_output = 'escape'")
    const answer = await client.value(`select '\\x00615cff0a27'::bytea as v`, 0)
    await client.query('reset bytea_output')
    expect(rowsOf(answer)).toEqual([[Buffer.from('00615cff0a27', 'hex')]])
  })

  test('intervals are read in ISO 8601, too', async () => {
    await client.query("set intervalstyle = 'iso_8601'")
    for (const literal of [
      '1 year 2 mons 3 days 04:05:06.7',
      '-1 mons +3 days -04:05:06.5',
      '0',
      '-0.5 seconds',
    ]) {
      const text = `select interval ${quoted(literal)} as v`
      expect(rowsOf(await client.value(text, 0))).toEqual(rowsOf(await client.value(text, 1)))
    }
    await client.query('reset intervalstyle')
  })

  test('random dates, times and numbers are the same from text and from binary', async () => {
    const queries = [
      "select date '2000-01-01' + (i * 7919 % 3000000 - 730000) from generate_series(1, 2000) i",
      "select timestamp '0001-01-01' + i * interval '1337 days 12:34:56.789' from generate_series(1, 2000) i",
      'select (i * 7919.0001 - 4000000)::numeric(30, 6) / power(10::numeric, i % 40) from generate_series(1, 2000) i',
      "select time '00:00' + i * interval '43.211317 seconds' from generate_series(1, 2000) i",
      "select ('2001:db8::' || to_hex(i * 31))::inet from generate_series(1, 500) i",
    ]
    for (const text of queries)
      expect(rowsOf(await client.value(text, 1)), text).toEqual(rowsOf(await client.value(text, 0)))
  })

  test('random float4 are the same float4 from text and from binary', async () => {
    const text = 'select (i * 0.37)::float4 * power(10, i % 60 - 30)::float4 from generate_series(1, 2000) i'
    const fround = (rows: unknown[][]) => rows.map(([value]) => Math.fround(value as number))
    const [fromText, fromBinary] = [rowsOf(await client.value(text, 0)), rowsOf(await client.value(text, 1))]
    expect(fround(fromBinary)).toEqual(fround(fromText))
    const same = fromBinary.filter(([value], i) => value === fromText[i]?.[0])
    expect(same.length).toBeGreaterThan(1900)
  })

  test('a record of no declared type has typed values in binary', async () => {
    const answer = await client.value(`select row(1, 'a'::text, null::int, array[1, 2]) as v`, 1)
    expect(rowsOf(answer)).toEqual([[[1, 'a', null, [1, 2]]]])
    expect(rowsOf(await client.value(`select row(1, 'a "b"'::text, null) as v`, 0))).toEqual([
      [['1', 'a "b"', null]],
    ])
  })

  test('void is null', async () => {
    expect(rowsOf(await client.value('select pg_notify($$a$$, $$b$$)', 0))).toEqual([[null]])
  })
})

describe('types of the database', () => {
  const registry = new TypeRegistry()

  beforeAll(async () => {
    await client.query(`create extension hstore;
      create type mood as enum ('sad', 'very happy');
      create domain positive as int check (value > 0);
      create domain small as positive check (value < 10);
      create type pair as (a int, "b c" text);
      create type nest as (p pair, moods mood[], t timestamptz);
      create type floatrange as range (subtype = float8)`)
    const answer = await client.query(CATALOG_QUERY)
    const texts = new TypeRegistry()
    for (const column of answer.columns) texts.register(column.typeOid, texts.get(25))
    registry.registerCatalog(rowsOf(answer, texts).map((row) => decodeCatalogType(row as (string | null)[])))
  })

  const samples: readonly (readonly [sql: string, value: unknown])[] = [
    [`'very happy'::mood`, 'very happy'],
    [`'{sad,"very happy",NULL}'::mood[]`, ['sad', 'very happy', null]],
    ['5::positive', 5],
    ['7::small', 7],
    [`(1, 'x, "y" \\ (z)')::pair`, { a: 1, 'b c': 'x, "y" \\ (z)' }],
    [`(null, '')::pair`, { a: null, 'b c': '' }],
    [`array[(1, 'x')::pair, null]`, [{ a: 1, 'b c': 'x' }, null]],
    [
      `((1, 'x')::pair, '{sad}', '2026-01-01T00:00Z')::nest`,
      { p: { a: 1, 'b c': 'x' }, moods: ['sad'], t: new Date('2026-01-01T00:00:00Z') },
    ],
    [
      `'a=>1, "b \\"c"=>NULL, __proto__=>x'::hstore`,
      Object.fromEntries([
        ['a', '1'],
        ['b "c', null],
        ['__proto__', 'x'],
      ]),
    ],
    [`''::hstore`, {}],
    [`array['a=>1'::hstore]`, [{ a: '1' }]],
  ]

  test('enums, domains, composites and extensions are the same from text and from binary', async () => {
    for (const [text, value] of samples) {
      expect(rowsOf(await client.value(`select ${text} as v`, 0), registry), text).toEqual([[value]])
      expect(rowsOf(await client.value(`select ${text} as v`, 1), registry), text).toEqual([[value]])
    }
  })

  test('they are what the server understands', async () => {
    for (const [text, value] of samples) {
      const expected = await client.value(`select (${text})::text as v`, 0)
      const described = await client.value(`select ${text} as v`, 0)
      const oid = described.columns[0]?.typeOid as number
      const typeName = rowsOf(await client.value(`select pg_typeof(${text})::text`, 0))[0]?.[0]
      const answer = await client.extended(`select $1::${typeName}::text as v`, [oid], (writer) =>
        encodeBindValues(writer, '', '', [value], [oid], [0], registry),
      )
      expect(rowsOf(answer), text).toEqual(rowsOf(expected))
    }
  })

  test('a range of the database has the codec of what it is of', async () => {
    const text = `select floatrange(1.5, null, '[)') as v`
    const [[value]] = rowsOf(await client.value(text, 1), registry) as [[{ lower: unknown }]]
    expect(value.lower).toBe(1.5)
  })
})

describe('rows', () => {
  const ROWS = `select i as id, i::int8 * 1000003 as big, 'name ' || i as name, 'user' || i || '@exämple.com' as email,
    case when i % 3 = 0 then null else repeat('long text ', i % 200) end as long, i % 2 = 0 as active, i * 1.5::float8 as score,
    (i * 1.25)::numeric(12, 2) as price, timestamptz '2024-01-01' + i * interval '1 minute' as created,
    md5(i::text)::uuid as token, md5(i::text) || i as digest, jsonb_build_object('a', i) as doc
    from generate_series(1, 500) i`

  test('are the same in the formats that are chosen and in text', async () => {
    const asText = await client.query(ROWS)
    const formats = resultFormats(
      asText.columns.map((column) => column.typeOid),
      types,
    )
    expect(new Set(formats)).toEqual(new Set([0, 1]))
    const mixed = await client.extended(ROWS, [], (writer) =>
      encodeBindValues(writer, '', '', [], [], formats, types),
    )
    expect(rowsOf(mixed)).toEqual(rowsOf(asText))
    const decoder = new RowDecoder(mixed.columns, types)
    const [first] = mixed.rows as [Buffer]
    expect(decoder.object(first, 0, first.length)).toEqual({
      id: 1,
      big: 1000003,
      name: 'name 1',
      email: 'user1@exämple.com',
      long: 'long text ',
      active: false,
      score: 1.5,
      price: '1.25',
      created: new Date('2024-01-01T00:01:00Z'),
      token: 'c4ca4238-a0b9-2382-0dcc-509a6f75849b',
      digest: 'c4ca4238a0b923820dcc509a6f75849b1',
      doc: { a: 1 },
    })
  })
})

describe('passwords', () => {
  test('SASLprep is what the server does, for any password', async () => {
    const random = seededRandom(5)
    const alphabet = [
      'a',
      'Z',
      '9',
      ' ',
      '\u00a0',
      '\u00ad',
      '\u2168',
      '\ufb01',
      'ü',
      'ü',
      'א',
      'ب',
      '\u200b',
      '🐘',
      '\u0007',
      '\u2028',
      '\u3000',
      'ſ',
      '\u0221',
      '1',
      'x',
    ]
    const passwords = ['pencil', '\u00ad', 'I\u00adX', '\u2168', '\u00aa', 'א1', 'א1ב', 'aא']
    for (let i = 0; i < 150; i++)
      passwords.push(
        Array.from(
          { length: 1 + Math.floor(random() * 5) },
          () => alphabet[Math.floor(random() * alphabet.length)],
        ).join(''),
      )
    await client
      .query('create role sample login; set scram_iterations_dummy.x = 1')
      .catch(() => client.query('select 1'))
    for (const password of passwords) {
      await client.query(`alter role sample password ${quoted(password)}`)
      const [[verifier]] = rowsOf(
        await client.query(`select rolpassword from pg_authid where rolname = 'sample'`),
      ) as [[string]]
      const [, iterations, salt, storedKey] = /^SCRAM-SHA-256\$([0-9]+):([^$]+)\$([^:]+):/.exec(
        verifier,
      ) as unknown as [string, string, string, string]
      const salted = saltPassword(password, {
        salt: Buffer.from(salt, 'base64'),
        iterations: Number(iterations),
      })
      const clientKey = createHmac('sha256', salted).update('Client Key').digest()
      expect(createHash('sha256').update(clientKey).digest('base64'), JSON.stringify(password)).toBe(
        storedKey,
      )
    }
  })

  test('MD5 is what the server keeps', async () => {
    await client.query("set password_encryption = 'md5'; create role old login password 'secret'")
    const [[kept]] = rowsOf(
      await client.query("select rolpassword from pg_authid where rolname = 'old'"),
    ) as [[string]]
    const inner = kept.slice(3)
    const salt = Buffer.from([1, 2, 3, 4])
    const expected = createHash('md5').update(inner).update(salt).digest('hex')
    expect(md5Response('old', 'secret', salt)).toBe(`md5${expected}`)
  })
})

describe('COPY', () => {
  const NASTY = [
    '',
    'a',
    '\\',
    '\\N',
    'NULL',
    'tab\there',
    'line\nbreak',
    'return\rhere',
    '"quoted"',
    "it's",
    'a,b',
    '\\.',
    'ü🐘',
    '\b\f\v',
    '"',
    ' x ',
    null,
  ]
  const rows = NASTY.map((text, i) => [String(i), text])

  beforeAll(async () => {
    await client.query('create table copied (id int, t text)')
  })

  async function copyIn(options: string, data: Buffer): Promise<void> {
    await client.query('truncate copied')
    await client.query(`copy copied from stdin ${options}`)
    encodeCopyData(client.writer, data)
    encodeCopyDone(client.writer)
    await client.answer()
  }

  const written = (write: (writer: MessageWriter) => void) => {
    const writer = new MessageWriter()
    write(writer)
    return writer.take()
  }

  const kinds = [
    ['(format text)', new CopyTextEncoder(), () => new CopyTextDecoder(), false],
    [
      `(format text, delimiter '|', null 'nil', header)`,
      new CopyTextEncoder({ delimiter: '|', nullText: 'nil' }),
      () => new CopyTextDecoder({ delimiter: '|', nullText: 'nil', hasHeader: true }),
      true,
    ],
    ['(format csv)', new CopyCsvEncoder(), () => new CopyCsvDecoder(), false],
    [
      `(format csv, delimiter ';', quote '''', escape '\\', null 'nil', header)`,
      new CopyCsvEncoder({ delimiter: ';', quote: "'", escape: '\\', nullText: 'nil' }),
      () =>
        new CopyCsvDecoder({ delimiter: ';', quote: "'", escape: '\\', nullText: 'nil', hasHeader: true }),
      true,
    ],
  ] as const

  for (const [options, encoder, makeDecoder, hasHeader] of kinds)
    test(`${options} has the same rows in both directions, in any chunking`, async () => {
      await copyIn(
        options,
        written((writer) => {
          if (hasHeader) encoder.header(writer, ['id', 't'])
          for (const row of rows) encoder.row(writer, row)
        }),
      )
      expect(rowsOf(await client.query('select id::text, t from copied order by copied.id'))).toEqual(rows)
      const out = Buffer.concat(
        (await client.query(`copy (select * from copied order by id) to stdout ${options}`)).copyData,
      )
      for (const size of [1, 2, 7, 1000]) {
        const decoder = makeDecoder()
        const read: unknown[] = []
        for (let at = 0; at < out.length; at += size) read.push(...decoder.push(out.subarray(at, at + size)))
        read.push(...decoder.end())
        expect(read, `in pieces of ${size}`).toEqual(rows)
        expect(decoder.header).toEqual(hasHeader ? ['id', 't'] : undefined)
      }
    })

  test('binary has the same rows in both directions, in any chunking', async () => {
    const codecs = [types.get(23), types.get(25)]
    const typed = NASTY.map((text, i) => [i, text])
    const encoder = new CopyBinaryEncoder(codecs)
    await copyIn(
      '(format binary)',
      written((writer) => {
        encoder.header(writer)
        for (const row of typed) encoder.row(writer, row)
        encoder.trailer(writer)
      }),
    )
    expect(rowsOf(await client.query('select id, t from copied order by id'))).toEqual(typed)
    const out = Buffer.concat(
      (await client.query('copy (select * from copied order by id) to stdout (format binary)')).copyData,
    )
    for (const size of [1, 3, 1000]) {
      const decoder = new CopyBinaryDecoder({ codecs })
      const read: unknown[] = []
      for (let at = 0; at < out.length; at += size) read.push(...decoder.push(out.subarray(at, at + size)))
      decoder.end()
      expect(read, `in pieces of ${size}`).toEqual(typed)
    }
  })
})

describe('logical replication', () => {
  test('says every change as it was', async () => {
    await client.query(`create table public.items (id int primary key, name text, at timestamptz, big text);
      create table public.whole (a int, b text);
      alter table public.whole replica identity full;
      alter table public.items alter column big set storage external;
      create publication everything for all tables`)
    const replication = await TinyClient.open(server.port, { replication: 'database' })
    await using _ = replication
    await replication.query('CREATE_REPLICATION_SLOT slot1 TEMPORARY LOGICAL pgoutput')
    encodeQuery(
      replication.writer,
      "START_REPLICATION SLOT slot1 LOGICAL 0/0 (proto_version '2', publication_names 'everything', messages 'true')",
    )
    await replication.answer(0)
    await client.query(`begin;
      insert into items values (1, 'one', '2026-01-01T00:00Z', repeat('x', 5000));
      update items set name = 'eins';
      update items set id = 2;
      delete from items;
      insert into whole values (1, 'a');
      update whole set b = null;
      delete from whole;
      truncate whole, items restart identity cascade;
      select pg_logical_emit_message(true, 'prefix', 'content');
      commit`)
    const decoder = new PgoutputDecoder(types)
    const messages: PgoutputMessage[] = []
    while (messages.at(-1)?.kind !== 'commit') {
      for (const data of (await replication.answer(1)).copyData) {
        const envelope = decodeEnvelope(data, 0, data.length)
        if (envelope.kind === 'data') messages.push(decoder.decode(data, envelope.from, envelope.to))
        else
          encodeStandbyStatus(
            replication.writer,
            { written: envelope.walEnd, flushed: 0n, applied: 0n },
            new Date(),
          )
      }
    }
    const changes = messages.filter(({ kind }) => kind !== 'relation')
    const at = new Date('2026-01-01T00:00:00Z')
    const [items, whole] = [
      expect.objectContaining({ schema: 'public', table: 'items', replicaIdentity: 'default' }),
      expect.objectContaining({ table: 'whole', replicaIdentity: 'full' }),
    ]
    expect(changes).toEqual([
      expect.objectContaining({ kind: 'begin' }),
      { kind: 'insert', relation: items, row: { id: 1, name: 'one', at, big: 'x'.repeat(5000) } },
      { kind: 'update', relation: items, row: { id: 1, name: 'eins', at, big: UNCHANGED } },
      {
        kind: 'update',
        relation: items,
        oldKey: { id: 1 },
        row: { id: 2, name: 'eins', at, big: UNCHANGED },
      },
      { kind: 'delete', relation: items, oldKey: { id: 2 } },
      { kind: 'insert', relation: whole, row: { a: 1, b: 'a' } },
      { kind: 'update', relation: whole, oldRow: { a: 1, b: 'a' }, row: { a: 1, b: null } },
      { kind: 'delete', relation: whole, oldRow: { a: 1, b: null } },
      { kind: 'truncate', relations: [whole, items], isCascade: true, restartsIdentity: true },
      {
        kind: 'message',
        isTransactional: true,
        lsn: expect.any(BigInt),
        prefix: 'prefix',
        content: Buffer.from('content'),
      },
      expect.objectContaining({ kind: 'commit' }),
    ])
  })

  test('says a large transaction while it runs, and that it was given up', async () => {
    await client.query('create table if not exists stream_items (id int primary key, t text)')
    await using replication = await TinyClient.open(server.port, { replication: 'database' })
    await replication.query('CREATE_REPLICATION_SLOT slot2 TEMPORARY LOGICAL pgoutput')
    encodeQuery(
      replication.writer,
      "START_REPLICATION SLOT slot2 LOGICAL 0/0 (proto_version '2', publication_names 'everything', streaming 'on')",
    )
    await replication.answer(0)
    await client.query(
      "begin; insert into stream_items select i, 'text' from generate_series(1, 3000) i; savepoint s; insert into stream_items select i, 'more' from generate_series(3001, 6000) i; rollback to s; commit",
    )
    const decoder = new PgoutputDecoder(types)
    const counts = new Map<string, number>()
    const inserted = new Set<number>()
    while (!counts.has('stream-commit') && !counts.has('commit')) {
      for (const data of (await replication.answer(1)).copyData) {
        const envelope = decodeEnvelope(data, 0, data.length)
        if (envelope.kind !== 'data') continue
        const message = decoder.decode(data, envelope.from, envelope.to)
        counts.set(message.kind, (counts.get(message.kind) ?? 0) + 1)
        if (message.kind === 'insert' && message.transactionId !== undefined)
          inserted.add(message.row.id as number)
      }
    }
    expect(counts.get('stream-start')).toBeGreaterThan(0)
    expect(counts.get('stream-stop')).toBe(counts.get('stream-start'))
    expect(counts.get('stream-commit')).toBe(1)
    expect(inserted.size).toBeGreaterThanOrEqual(3000)
  })
})
