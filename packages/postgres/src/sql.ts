/**
 * SQL as a template: sql`select * from users where id = ${id}`. Every value is a parameter; the server never sees it as text. What cannot be a
 * parameter has a function: names, lists, rows, assignments, pieces that are there or not. There is no way to put a text in as SQL.
 */
import { outOfRange, wrongType } from '@shrapnel/core/parts'
import { joined, quoteIdentifier, SqlFragment, text } from './sql-fragment.js'
import { TypedParameter } from './wire/types/parameters.js'
import { TypeOid } from './wire/types/type-oids.js'

export interface SqlTag {
  (strings: TemplateStringsArray, ...values: readonly unknown[]): SqlFragment
  /** A name, or a path of names, quoted: sql.identifier('public', table). */
  identifier(...path: readonly string[]): SqlFragment
  /** `$1, $2, $3`, for `in (…)`. At least one value: `= any(${values})` takes any number. */
  list(values: readonly unknown[]): SqlFragment
  /** `($1, $2), ($3, $4)`, for `values …`: all rows have the same length. */
  rows(rows: readonly (readonly unknown[])[]): SqlFragment
  /** `("a", "b") values ($1, $2), …`, for `insert into t …`. A column that an object has not, or as undefined, gets its default. */
  insert<T extends object>(rows: T | readonly T[], columns?: readonly (keyof T & string)[]): SqlFragment
  /** `"a" = $1, "b" = $2`, for `set …`. What is undefined is left out. */
  assign<T extends object>(values: T, columns?: readonly (keyof T & string)[]): SqlFragment
  /** Pieces with another between them; a comma by default: sql.join(conditions, sql` and `). */
  join(parts: readonly SqlFragment[], separator?: SqlFragment): SqlFragment
  /** A value that is sent as json, a string too. */
  json(value: unknown): TypedParameter
  /** A value of the type of that number. */
  typed(value: unknown, typeOid: number): TypedParameter
  /** Nothing: isAdmin ? sql`…` : sql.empty. */
  readonly empty: SqlFragment
}

function tag(strings: TemplateStringsArray, ...values: readonly unknown[]): SqlFragment {
  // A function call with a list of texts is not a template: that text would come from anywhere.
  if (!Array.isArray(strings) || !Array.isArray(strings.raw) || !Object.isFrozen(strings))
    throw wrongType('sql', 'used as the tag of a template: sql`…`', strings)
  return new SqlFragment(strings, values)
}

function list(values: readonly unknown[]): SqlFragment {
  if (!Array.isArray(values)) throw wrongType('the list', 'an array', values)
  if (values.length === 0) throw outOfRange('the list', 'one value at least', 'none')
  return joined(values, ', ')
}

function rows(table: readonly (readonly unknown[])[]): SqlFragment {
  if (!Array.isArray(table)) throw wrongType('the rows', 'an array of arrays', table)
  if (table.length === 0) throw outOfRange('the rows', 'one at least', 'none')
  const width = (table[0] as readonly unknown[]).length
  return joined(
    table.map((row: readonly unknown[]) => {
      if (!Array.isArray(row) || row.length !== width || width === 0)
        throw wrongType('a row', `an array of ${width} values, and one at least`, row)
      return surrounded(joined(row, ', '))
    }),
    ', ',
  )
}

function surrounded(inside: SqlFragment): SqlFragment {
  return new SqlFragment(['(', ')'], [inside])
}

function insert<T extends object>(
  values: T | readonly T[],
  columns?: readonly (keyof T & string)[],
): SqlFragment {
  const objects = (Array.isArray(values) ? values : [values]) as readonly T[]
  if (objects.length === 0) throw outOfRange('the rows', 'one at least', 'none')
  const names = columns ?? namesOf(objects)
  if (names.length === 0) throw outOfRange('the columns', 'one at least', 'none')
  const heads = joined(
    names.map((name) => text(quoteIdentifier([name]))),
    ', ',
  )
  const bodies = objects.map((object) =>
    surrounded(
      joined(
        names.map((name) => own(object, name) ?? text('default')),
        ', ',
      ),
    ),
  )
  return new SqlFragment(['(', ') values ', ''], [heads, joined(bodies, ', ')])
}

/** null stays; undefined is what an object has not. */
function own(object: object, name: string): unknown {
  const value: unknown = Object.hasOwn(object, name) ? Reflect.get(object, name) : undefined
  return value === null ? NULL : value
}

function namesOf<T extends object>(objects: readonly T[]): (keyof T & string)[] {
  const names = new Set<keyof T & string>()
  for (const object of objects) {
    if (typeof object !== 'object' || object === null) throw wrongType('a row', 'an object', object)
    for (const name of Object.keys(object)) names.add(name as keyof T & string)
  }
  return [...names]
}

function assign<T extends object>(values: T, columns?: readonly (keyof T & string)[]): SqlFragment {
  const names = columns ?? namesOf([values])
  const parts: SqlFragment[] = []
  for (const name of names) {
    const value = own(values, name)
    if (value !== undefined) parts.push(new SqlFragment([`${quoteIdentifier([name])} = `, ''], [value]))
  }
  if (parts.length === 0) throw outOfRange('the assignments', 'one at least', 'none')
  return joined(parts, ', ')
}

function join(parts: readonly SqlFragment[], separator?: SqlFragment): SqlFragment {
  for (const part of parts) if (!(part instanceof SqlFragment)) throw wrongType('a part', 'sql`…`', part)
  if (separator === undefined) return joined(parts, ', ')
  return joined(
    parts.flatMap((part, i) => (i === 0 ? [part] : [separator, part])),
    '',
  )
}

/** As a piece, so that `??` sees it as something. */
const NULL = new SqlFragment(['', ''], [null])

export const sql: SqlTag = Object.assign(tag, {
  identifier: (...path: readonly string[]) => text(quoteIdentifier(path)),
  list,
  rows,
  insert,
  assign,
  join,
  json: (value: unknown) => new TypedParameter(value, TypeOid.json),
  typed: (value: unknown, typeOid: number) => new TypedParameter(value, typeOid),
  empty: text(''),
})
