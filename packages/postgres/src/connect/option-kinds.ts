/** How options are read: from text, as URLs, files and the environment have them, and as values that a program gives. */
import { checkDuration, checkInteger, outOfRange, wrongType } from '@shrapnel/core/parts'
import { PostgresError } from '../errors.js'

export interface OptionKind {
  /** `where` is the name that the text has there. Never shows more of the text than is safe. Throws PG_OPTION. */
  fromText(text: string, where: string): unknown
  /** Throws Node's errors for wrong arguments. */
  check(value: unknown, name: string): unknown
}

const MAX_PORT = 65_535
const MAX_INTEGER = 2 ** 31 - 1

export function unusable(where: string, why: string): PostgresError {
  return new PostgresError('PG_OPTION', `${where} ${why}`)
}

function checkText(value: unknown, name: string): string {
  if (typeof value !== 'string') throw wrongType(name, 'text', value)
  if (value.includes('\0')) throw outOfRange(name, 'text without NUL', 'some with')
  return value
}

export const text: OptionKind = { fromText: (value) => value, check: checkText }

export const password: OptionKind = {
  fromText: (value) => value,
  check: (value, name) => (typeof value === 'function' ? value : checkText(value, name)),
}

export function choice(names: readonly string[]): OptionKind {
  return {
    fromText(value, where) {
      if (names.includes(value)) return value
      throw unusable(where, `is ${JSON.stringify(value)}, which is none of ${names.join(', ')}`)
    },
    check(value, name) {
      if (names.includes(checkText(value, name))) return value
      throw outOfRange(name, `one of ${names.join(', ')}`, JSON.stringify(value))
    },
  }
}

/** 1 and 0 in text, as libpq; `true` and the like, too. */
export const flag: OptionKind = {
  fromText(value, where) {
    if (/^(?:1|true|on|yes)$/i.test(value)) return true
    if (/^(?:0|false|off|no)$/i.test(value)) return false
    throw unusable(where, `is ${JSON.stringify(value)}, which is neither 1 nor 0`)
  },
  check(value, name) {
    if (typeof value !== 'boolean') throw wrongType(name, 'true or false', value)
    return value
  },
}

function integerFrom(value: string, where: string): number {
  const trimmed = value.trim()
  const number = Number(trimmed)
  if (/^-?[0-9]+$/.test(trimmed) && Math.abs(number) <= MAX_INTEGER) return number
  throw unusable(where, `is ${JSON.stringify(value)}, which is no whole number`)
}

export function integer(least: number): OptionKind {
  return {
    fromText(value, where) {
      const number = integerFrom(value, where)
      return number < least ? undefined : number
    },
    check: (value, name) => checkInteger(name, value, least, MAX_INTEGER),
  }
}

/** Milliseconds for programs, seconds in text. What libpq takes for "no limit" and "the system's" are 0 and less. */
export function duration(whenZero: number | undefined): OptionKind {
  return {
    fromText(value, where) {
      const seconds = integerFrom(value, where)
      return seconds > 0 ? seconds * MS_PER_SECOND : whenZero
    },
    check: (value, name) => checkDuration(name, value),
  }
}

const MS_PER_SECOND = 1000

/** Texts, with commas between. An empty one is left to be the default. */
export const list: OptionKind = {
  fromText: (value) => value.split(',').map((item) => item.trim()),
  check(value, name) {
    if (typeof value === 'string') return checkText(value, name).split(',')
    if (!Array.isArray(value)) throw wrongType(name, 'text or a list of texts', value)
    return value.map((item, i) => checkText(item, `${name}[${i}]`))
  },
}

export const ports: OptionKind = {
  fromText: (value, where) =>
    value.split(',').map((item) => {
      if (item.trim() === '') return undefined
      const port = /^[0-9]{1,5}$/.test(item.trim()) ? Number(item) : 0
      if (port >= 1 && port <= MAX_PORT) return port
      // Not the text: in a URL with a / or a @ in its password, that is a part of it.
      throw unusable(where, 'is no number from 1 to 65535')
    }),
  check: (value, name) =>
    (Array.isArray(value) ? value : [value]).map((item) => checkInteger(name, item, 1, MAX_PORT)),
}

export const runtime: OptionKind = {
  fromText: (_, where) => {
    throw unusable(where, 'cannot be text')
  },
  check(value, name) {
    if (typeof value !== 'object' || value === null) throw wrongType(name, 'an object', value)
    for (const [key, setting] of Object.entries(value)) checkText(setting, `${name}.${key}`)
    return value
  },
}

export const replication: OptionKind = {
  fromText: (value, where) => (value === 'database' ? value : flag.fromText(value, where)),
  check: (value, name) => (value === 'database' ? value : flag.check(value, name)),
}
