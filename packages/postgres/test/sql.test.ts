import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sql } from '../src/sql.js'
import type { SqlFragment } from '../src/sql-fragment.js'

const composed = (fragment: SqlFragment) => fragment.compose()
const OUT_OF_RANGE = expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' })
const WRONG_TYPE = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' })

test('every value is a parameter', () => {
  const name = `'; drop table users; --`
  expect(composed(sql`select * from users where name = ${name} and id = ${5}`)).toEqual({
    text: 'select * from users where name = $1 and id = $2',
    parameters: [name, 5],
  })
})

test('a template has the same text each time it is run', () => {
  const query = (id: number) => sql`select ${id}`
  expect(composed(query(1)).text).toBe(composed(query(2)).text)
})

test('pieces in pieces are numbered through', () => {
  const isAdult = sql`age >= ${18}`
  const where = sql`where ${isAdult} and name = ${'ada'}`
  expect(composed(sql`select ${1} from users ${where} limit ${10}`)).toEqual({
    text: 'select $1 from users where age >= $2 and name = $3 limit $4',
    parameters: [1, 18, 'ada', 10],
  })
  expect(composed(sql`select 1 ${sql.empty}`)).toEqual({ text: 'select 1 ', parameters: [] })
})

describe('names', () => {
  test('are quoted, whatever is in them', () => {
    expect(composed(sql`select * from ${sql.identifier('my schema', 'a"b')}`).text).toBe(
      'select * from "my schema"."a""b"',
    )
  })

  test('that are empty or have a NUL are refused', () => {
    expect(() => sql.identifier()).toThrow(OUT_OF_RANGE)
    expect(() => sql.identifier('')).toThrow(OUT_OF_RANGE)
    expect(() => sql.identifier('a\0b')).toThrow(OUT_OF_RANGE)
    expect(() => sql.identifier(5 as unknown as string)).toThrow(WRONG_TYPE)
  })

  test('never end early', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (name) => {
        fc.pre(!name.includes('\0'))
        const { text } = composed(sql.identifier(name))
        expect(text.slice(1, -1).replaceAll('""', '')).not.toContain('"')
        expect(text.slice(1, -1).replaceAll('""', '"')).toBe(name)
      }),
    )
  })
})

test('lists and rows are as many parameters', () => {
  expect(composed(sql`select ${0} where id in (${sql.list([1, null, 3])})`)).toEqual({
    text: 'select $1 where id in ($2, $3, $4)',
    parameters: [0, 1, null, 3],
  })
  expect(
    composed(
      sql`insert into t values ${sql.rows([
        [1, 'a'],
        [2, sql`now()`],
      ])}`,
    ),
  ).toEqual({
    text: 'insert into t values ($1, $2), ($3, now())',
    parameters: [1, 'a', 2],
  })
})

test('objects are inserted by the names that any of them has', () => {
  expect(composed(sql`insert into t ${sql.insert([{ a: 1 }, { a: null, b: 'x' }])}`)).toEqual({
    text: 'insert into t ("a", "b") values ($1, default), ($2, $3)',
    parameters: [1, null, 'x'],
  })
  expect(composed(sql.insert({ a: 1, secret: 2 }, ['a']))).toEqual({
    text: '("a") values ($1)',
    parameters: [1],
  })
})

test('assignments leave out what is undefined, and keep null', () => {
  expect(composed(sql`update t set ${sql.assign({ a: 1, b: undefined, c: null })} where id = ${7}`)).toEqual({
    text: 'update t set "a" = $1, "c" = $2 where id = $3',
    parameters: [1, null, 7],
  })
})

test('pieces are joined by a comma, or by a piece', () => {
  const parts = [sql`a = ${1}`, sql`b = ${2}`]
  expect(composed(sql.join(parts)).text).toBe('a = $1, b = $2')
  expect(composed(sql.join(parts, sql` and `))).toEqual({ text: 'a = $1 and b = $2', parameters: [1, 2] })
  expect(composed(sql.join([])).text).toBe('')
})

test('inherited names are not columns', () => {
  const row = Object.create({ inherited: 1 }) as { own?: number; inherited?: number }
  row.own = 2
  expect(composed(sql.insert(row)).text).toBe('("own") values ($1)')
  expect(composed(sql.insert(row, ['own', 'inherited'])).text).toBe(
    '("own", "inherited") values ($1, default)',
  )
})

test('what SQL has no word for is refused where it stands', () => {
  expect(() => sql`select ${undefined}`).toThrow(WRONG_TYPE)
  expect(() => sql`select ${() => 1}`).toThrow(WRONG_TYPE)
  expect(() => sql.list([])).toThrow(OUT_OF_RANGE)
  expect(() => sql.rows([])).toThrow(OUT_OF_RANGE)
  expect(() => sql.rows([[1], [1, 2]])).toThrow(WRONG_TYPE)
  expect(() => sql.insert([])).toThrow(OUT_OF_RANGE)
  expect(() => sql.assign({ a: undefined })).toThrow(OUT_OF_RANGE)
  expect(() => sql.join(['; drop table t' as unknown as SqlFragment])).toThrow(WRONG_TYPE)
})

test('a text that a program puts together is not a template', () => {
  const text = `select ${1}`
  for (const forged of [text, [text], Object.assign([text], { raw: [text] })])
    expect(() => sql(forged as unknown as TemplateStringsArray)).toThrow(WRONG_TYPE)
})

test('a query has at most 65535 parameters', () => {
  expect(() => composed(sql.list(new Array(65_536).fill(1)))).toThrow(
    expect.objectContaining({ code: 'PG_LIMIT' }),
  )
})
