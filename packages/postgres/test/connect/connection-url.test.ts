import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseConnectionUrl } from '../../src/connect/connection-url.js'
import { failureOf } from './connecting.js'

const parsed = (url: string) => Object.fromEntries(parseConnectionUrl(url))

describe('a URL says what libpq reads in it', () => {
  // The first ones are those of the documentation, "Connection URIs".
  const urls: readonly (readonly [url: string, parameters: Record<string, string>])[] = [
    ['postgresql://', {}],
    ['postgresql://localhost', { host: 'localhost' }],
    ['postgresql://localhost:5433', { host: 'localhost', port: '5433' }],
    ['postgresql://localhost/mydb', { host: 'localhost', dbname: 'mydb' }],
    ['postgresql://user@localhost', { user: 'user', host: 'localhost' }],
    ['postgresql://user:secret@localhost', { user: 'user', password: 'secret', host: 'localhost' }],
    [
      'postgresql://other@localhost/otherdb?connect_timeout=10&application_name=myapp',
      {
        user: 'other',
        host: 'localhost',
        dbname: 'otherdb',
        connect_timeout: '10',
        application_name: 'myapp',
      },
    ],
    [
      'postgresql://host1:123,host2:456/somedb?target_session_attrs=any',
      { host: 'host1,host2', port: '123,456', dbname: 'somedb', target_session_attrs: 'any' },
    ],
    [
      'postgresql://user@localhost:5433/mydb?options=-c%20synchronous_commit%3Doff',
      { user: 'user', host: 'localhost', port: '5433', dbname: 'mydb', options: '-c synchronous_commit=off' },
    ],
    ['postgresql:///mydb?host=localhost&port=5433', { host: 'localhost', port: '5433', dbname: 'mydb' }],
    ['postgresql://[2001:db8::1234]/database', { host: '2001:db8::1234', dbname: 'database' }],
    ['postgresql:///dbname?host=/var/lib/postgresql', { host: '/var/lib/postgresql', dbname: 'dbname' }],
    ['postgresql://%2Fvar%2Flib%2Fpostgresql/dbname', { host: '/var/lib/postgresql', dbname: 'dbname' }],
    ['postgres://h', { host: 'h' }],
    ['postgres:///', {}],
    ['postgres://?sslmode=require', { sslmode: 'require' }],
    ['postgres://:5433', { port: '5433' }],
    ['postgres://:pw@h', { password: 'pw', host: 'h' }],
    ['postgres://u:@h', { user: 'u', host: 'h' }],
    ['postgres://a,b:1,[::1]:2,', { host: 'a,b,::1,', port: ',1,2,' }],
    ['postgres://[fe80::1%25eth0]:1', { host: 'fe80::1%eth0', port: '1' }],
    ['postgres://%40abstract', { host: '@abstract' }],
    ['postgres://u%3Ax:p%40%2F%3F%25%C3%BC@h', { user: 'u:x', password: 'p@/?%ü', host: 'h' }],
    ['postgres://u:p:q:r@h', { user: 'u', password: 'p:q:r', host: 'h' }],
    ['postgres://h/a/b', { host: 'h', dbname: 'a/b' }],
    ['postgres://h/a+b?application_name=c+d', { host: 'h', dbname: 'a+b', application_name: 'c+d' }],
    ['postgres://h/d?host=other&host=last', { host: 'last', dbname: 'd' }],
    ['postgres://u@h/d?application_name=a@b', { user: 'u', host: 'h', dbname: 'd', application_name: 'a@b' }],
  ]
  for (const [url, parameters] of urls) test(url, () => expect(parsed(url)).toEqual(parameters))

  test('whatever is in user, password and database, if it is encoded', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => !value.includes('\0'))
    fc.assert(
      fc.property(text, text, text, (user, password, dbname) => {
        const url = `postgres://${[user, password].map(encodeURIComponent).join(':')}@h/${encodeURIComponent(dbname)}`
        expect(parsed(url)).toEqual({ user, password, host: 'h', dbname })
      }),
    )
  })
})

describe('a URL that means nothing is refused, and nothing that could be a password is shown', () => {
  const urls: readonly (readonly [why: string, url: string])[] = [
    ['another scheme', 'mysql://u:hunter2@h/d'],
    ['no scheme', 'u:hunter2@h'],
    ['keywords and values', 'host=h password=hunter2'],
    ['nothing', ''],
    ['an @ in the password', 'postgres://u:hun@ter2@h/d'],
    ['a / in the password', 'postgres://u:hun/ter2@h/d'],
    ['a / behind digits in the password', 'postgres://u:9876/ter2@h/d'],
    ['a ? in the password', 'postgres://u:hun?ter2@h/d'],
    ['a ? behind digits in the password', 'postgres://u:9876?ter2=1@h/d'],
    ['a password without an @', 'postgres://u:hunter2'],
    ['a % that is none', 'postgres://u:hunter2%@h'],
    ['half a character', 'postgres://u:hunter2%C3@h'],
    ['a NUL', 'postgres://u:hunter2%00@h'],
    ['two colons in a host', 'postgres://h:1:2'],
    ['an address without brackets', 'postgres://::1/d'],
    ['a bracket that stays open', 'postgres://[::1/d'],
    ['a comma in a host', 'postgres://a%2Cb'],
    ['a parameter without a value', 'postgres://h?sslmode'],
    ['a value with an =', 'postgres://h?options=-c%20a=b'],
  ]
  for (const [why, url] of urls)
    test(why, async () => {
      const error = await failureOf(() => parseConnectionUrl(url))
      expect(error).toMatchObject({ name: 'PostgresError', code: 'PG_OPTION' })
      expect(`${error.message} ${inspect({ ...error, cause: error.cause })}`).not.toMatch(/hun|ter2|9876/)
    })
})
