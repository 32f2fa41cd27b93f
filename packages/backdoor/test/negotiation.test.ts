import { describe, expect, test } from 'vitest'
import { Negotiation } from '../src/wire/negotiation.js'
import { Option, type Verb } from '../src/wire/telnet-codes.js'
import { TelnetDecoder } from '../src/wire/telnet-decoder.js'

function said(messages: readonly Uint8Array[]): string[] {
  return new TelnetDecoder()
    .push(Buffer.concat(messages))
    .map((event) => (event.type === 'option' ? `${event.verb} ${event.option}` : event.type))
}

test('it asks for the echo, for no go-aheads, and for the size of the window, once', () => {
  const negotiation = new Negotiation()
  expect(said(negotiation.open())).toEqual(['will 1', 'will 3', 'do 31'])
  expect(negotiation.open()).toEqual([])
})

test('the answers to what it asked for are not answered again', () => {
  const negotiation = new Negotiation()
  negotiation.open()
  for (const [verb, option] of [
    ['do', 1],
    ['do', 3],
    ['will', 31],
    ['do', 1],
    ['dont', 3],
    ['wont', 31],
  ] as const) {
    expect(said(negotiation.hear(verb, option))).toEqual(
      verb === 'dont' ? ['wont 3'] : verb === 'wont' ? ['dont 31'] : [],
    )
  }
})

test('a peer that asks first gets what we would have asked for', () => {
  const negotiation = new Negotiation()
  expect(said(negotiation.hear('do', Option.ECHO))).toEqual(['will 1'])
  expect(said(negotiation.hear('will', Option.SUPPRESS_GO_AHEAD))).toEqual(['do 3'])
  expect(said(negotiation.open())).toEqual(['will 3', 'do 31'])
})

describe('the echo', () => {
  test('is open until the peer answers, and then what it said last', () => {
    const negotiation = new Negotiation()
    negotiation.open()
    expect(negotiation.echo).toBe('open')
    negotiation.hear('do', Option.ECHO)
    expect(negotiation.echo).toBe('agreed')
    negotiation.hear('dont', Option.ECHO)
    expect(negotiation.echo).toBe('refused')
  })

  test('is refused without an answer of ours to a peer that does not want it from the start', () => {
    const negotiation = new Negotiation()
    negotiation.open()
    expect(negotiation.hear('dont', Option.ECHO)).toEqual([])
    expect(negotiation.echo).toBe('refused')
  })
})

test('options that nobody here knows are refused, and their refusal is not answered', () => {
  const negotiation = new Negotiation()
  for (const option of [0, 2, 5, 24, 39, 200, 255]) {
    expect(said(negotiation.hear('do', option))).toEqual([`wont ${option}`])
    expect(said(negotiation.hear('will', option))).toEqual([`dont ${option}`])
    expect(negotiation.hear('dont', option)).toEqual([])
    expect(negotiation.hear('wont', option)).toEqual([])
  }
})

test('a timing mark is given every time it is asked for', () => {
  const negotiation = new Negotiation()
  for (let i = 0; i < 3; i++) expect(said(negotiation.hear('do', Option.TIMING_MARK))).toEqual(['will 6'])
})

test('two of them that talk to each other fall silent', () => {
  const [one, other] = [new Negotiation(), new Negotiation()]
  let toOther = said(one.open())
  let toOne = said(other.open())
  let rounds = 0
  for (; toOther.length + toOne.length > 0 && rounds < 20; rounds++) {
    const answers = toOther.flatMap((message) => hears(other, message))
    toOther = toOne.flatMap((message) => hears(one, message))
    toOne = answers
  }
  expect(rounds).toBeLessThan(5)
})

function hears(negotiation: Negotiation, message: string): string[] {
  const [verb, option] = message.split(' ')
  return said(negotiation.hear(verb as Verb, Number(option)))
}
