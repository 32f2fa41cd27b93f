import { describeHostile } from '@shrapnel/test-support'
import { describe, expect, test } from 'vitest'
import { md5Response } from '../../src/wire/authentication/md5.js'
import { saslPrep } from '../../src/wire/authentication/saslprep.js'
import {
  chooseScram,
  ScramClient,
  type ScramOptions,
  saltPassword,
} from '../../src/wire/authentication/scram-client.js'

// from: RFC 7677, 3
const VECTOR = {
  nonce: 'rOprNGfwEbeRWgbNEkqO',
  first: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  final:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
}
const CHALLENGE = VECTOR.serverFirst
const bytes = (text: string) => Buffer.from(text)

function client(options: Partial<ScramOptions> = {}): ScramClient {
  return new ScramClient({ mechanism: 'SCRAM-SHA-256', user: 'user', nonce: VECTOR.nonce, ...options })
}

/** Up to the client's last message. */
function afterFinal(): ScramClient {
  const scram = client()
  scram.first()
  scram.final(saltPassword('pencil', scram.challenge(bytes(CHALLENGE))))
  return scram
}

test('the exchange of RFC 7677 is this one', () => {
  const scram = client()
  expect(scram.first().toString()).toBe(VECTOR.first)
  const challenge = scram.challenge(bytes(VECTOR.serverFirst))
  expect(challenge).toEqual({ salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), iterations: 4096 })
  expect(scram.final(saltPassword('pencil', challenge)).toString()).toBe(VECTOR.final)
  expect(scram.isVerified).toBe(false)
  scram.verify(bytes(VECTOR.serverFinal))
  expect(scram.isVerified).toBe(true)
})

describe('channel binding', () => {
  test('is the header and the hash together', () => {
    const channelBinding = Buffer.alloc(32, 7)
    const scram = client({ mechanism: 'SCRAM-SHA-256-PLUS', channelBinding })
    expect(scram.first().toString()).toBe('p=tls-server-end-point,,n=user,r=rOprNGfwEbeRWgbNEkqO')
    const final = scram.final(saltPassword('pencil', scram.challenge(bytes(CHALLENGE)))).toString()
    const expected = Buffer.concat([bytes('p=tls-server-end-point,,'), channelBinding]).toString('base64')
    expect(final.startsWith(`c=${expected},r=`)).toBe(true)
  })

  test('that could be, and was not offered, is said under oath', () => {
    expect(client({ isBindingPossible: true }).first().toString()).toBe('y,,n=user,r=rOprNGfwEbeRWgbNEkqO')
  })

  test('PLUS is not begun without a channel', () => {
    expect(() => client({ mechanism: 'SCRAM-SHA-256-PLUS' })).toThrow(
      expect.objectContaining({ code: 'PG_SCRAM' }),
    )
  })

  test('is chosen whenever there is a channel and the server offers it', () => {
    const both = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']
    expect(chooseScram(both, true)).toBe('SCRAM-SHA-256-PLUS')
    expect(chooseScram(both, false)).toBe('SCRAM-SHA-256')
    expect(chooseScram(['SCRAM-SHA-256'], true)).toBe('SCRAM-SHA-256')
    expect(chooseScram(['OAUTHBEARER'], true)).toBeUndefined()
  })
})

const NONCE = 'r=rOprNGfwEbeRWgbNEkqOx'

describeHostile(
  'a hostile challenge',
  [
    ['nothing', bytes(''), 'PG_SCRAM'],
    ["another client's nonce", bytes('r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'), 'PG_SCRAM'],
    ['our nonce alone', bytes('r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'), 'PG_SCRAM'],
    ['a nonce with a comma', bytes(`${NONCE},x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1`), 'PG_SCRAM'],
    ['no salt', bytes(`${NONCE},i=4096`), 'PG_SCRAM'],
    ['an empty salt', bytes(`${NONCE},s=,i=4096`), 'PG_SCRAM'],
    ['a salt that is no base64', bytes(`${NONCE},s=abc,i=4096`), 'PG_SCRAM'],
    ['no iteration', bytes(`${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0`), 'PG_SCRAM'],
    ['iterations below zero', bytes(`${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-1`), 'PG_SCRAM'],
    {
      why: 'iterations for hours',
      bytes: bytes(`${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=2147483647`),
      code: 'PG_LIMIT',
      limit: 'maxIterations',
    },
    [
      'an extension that must be understood',
      bytes(`m=x,${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1`),
      'PG_SCRAM',
    ],
    [
      'a message of many bytes',
      bytes(`${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1,${'x'.repeat(9000)}`),
      'PG_SCRAM',
    ],
  ],
  (data) => {
    const scram = client()
    scram.first()
    scram.challenge(data)
  },
)

describeHostile(
  'a hostile last message',
  [
    ['nothing', bytes(''), 'PG_SCRAM'],
    ['an error', bytes('e=invalid-proof'), 'PG_SCRAM'],
    [
      'a signature of somebody who does not know the password',
      bytes(`v=${Buffer.alloc(32).toString('base64')}`),
      'PG_SCRAM',
    ],
    ['a signature of no bytes', bytes('v='), 'PG_SCRAM'],
    ['a signature that is cut', bytes(VECTOR.serverFinal.slice(0, -4)), 'PG_SCRAM'],
  ],
  (data) => {
    const scram = afterFinal()
    try {
      scram.verify(data)
    } finally {
      expect(scram.isVerified).toBe(false)
    }
  },
)

test('a step out of turn is refused', () => {
  expect(() => client().challenge(bytes(CHALLENGE))).toThrow(expect.objectContaining({ code: 'PG_SCRAM' }))
  expect(() => client().verify(bytes(VECTOR.serverFinal))).toThrow(
    expect.objectContaining({ code: 'PG_SCRAM' }),
  )
  const scram = afterFinal()
  scram.verify(bytes(VECTOR.serverFinal))
  expect(() => scram.verify(bytes(VECTOR.serverFinal))).toThrow(expect.objectContaining({ code: 'PG_SCRAM' }))
})

test('two exchanges never have the same nonce', () => {
  const nonces = Array.from({ length: 50 }, () =>
    new ScramClient({ mechanism: 'SCRAM-SHA-256' }).first().toString(),
  )
  expect(new Set(nonces).size).toBe(50)
})

test('no error shows the password or what was made of it', () => {
  const scram = client()
  scram.first()
  const salted = saltPassword('pencil', scram.challenge(bytes(CHALLENGE)))
  expect(JSON.stringify(scram)).not.toContain(salted.toString('base64'))
})

describe('SASLprep', () => {
  // from: RFC 4013, 3
  for (const [input, output] of [
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['a\u00a0b', 'a b'],
  ] as const)
    test(`${JSON.stringify(input)} becomes ${JSON.stringify(output)}`, () => {
      expect(saslPrep(input)).toBe(output)
    })

  for (const input of ['\u0007ü', '\u06271', '\u00ad', 'a\u05d0', '\u0221\ufb01'])
    test(`${JSON.stringify(input)}, which it forbids, stays as it is`, () => {
      expect(saslPrep(input)).toBe(input)
    })
})

test('the answer to MD5 is the hash of a hash', () => {
  // from: md5(md5('secret' || 'ada') || salt), by psql 15
  expect(md5Response('ada', 'secret', Buffer.from('01020304', 'hex'))).toMatch(/^md5[0-9a-f]{32}$/)
})
