import { describe, expect, test } from 'vitest'
import { Terminal } from '../src/terminal.js'
import { ASK_FOR_SIZE } from '../src/wire/cursor-report.js'
import { Command, Option } from '../src/wire/telnet-codes.js'
import {
  encodeCommand,
  encodeOption,
  encodeSubnegotiation,
  encodeWindowSize,
} from '../src/wire/telnet-encoder.js'

function terminal(offersTelnet = false): { terminal: Terminal; sent: () => string } {
  const sent: Uint8Array[] = []
  const made = new Terminal({ offersTelnet, maxCommandBytes: 1000, give: (bytes) => sent.push(bytes) })
  return { terminal: made, sent: () => Buffer.concat(sent.splice(0)).toString('latin1') }
}

const DO_ECHO = encodeOption('do', Option.ECHO)

describe('what is at the other end', () => {
  test('is a telnet terminal once it leaves the echo to us, and not before', () => {
    const { terminal: it } = terminal(true)
    it.push(encodeOption('do', Option.SUPPRESS_GO_AHEAD))
    expect([it.kind, it.isUnclear]).toEqual(['undecided', true])
    it.push(DO_ECHO)
    expect([it.kind, it.edits, it.isUnclear]).toEqual(['telnet', true, false])
  })

  test('is telnet with lines if it keeps the echo, or does not say', () => {
    const { terminal: refusing } = terminal(true)
    refusing.push(encodeOption('dont', Option.ECHO))
    expect([refusing.kind, refusing.edits]).toEqual(['telnet', false])
    const { terminal: silent } = terminal(true)
    silent.push(encodeOption('will', Option.WINDOW_SIZE))
    silent.settle(false)
    expect([silent.kind, silent.edits]).toEqual(['telnet', false])
  })

  test('is decided by its first input where it does not speak telnet, asked or not', () => {
    for (const offers of [true, false]) {
      const { terminal: lines } = terminal(offers)
      lines.push(Buffer.from('1+1\n'))
      expect([lines.kind, lines.edits]).toEqual(['line', false])
      const { terminal: raw } = terminal(offers)
      raw.push(Buffer.from('1'))
      expect([raw.kind, raw.edits]).toEqual(['raw', true])
    }
  })

  test('stays open while text without an end comes: its end makes it a line, a pause a paste', () => {
    const { terminal: ending } = terminal()
    ending.push(Buffer.from('cor'))
    ending.push(Buffer.from('o'))
    expect(ending.isUnclear).toBe(true)
    ending.settle(true)
    expect(ending.kind).toBe('line')
    const { terminal: pausing } = terminal()
    pausing.push(Buffer.from('coro'))
    pausing.settle(false)
    expect(pausing.kind).toBe('raw')
    expect(pausing.keyboard.heldBytes).toBe(4)
  })

  test('speaks telnet over a UNIX socket if it says so first', () => {
    const { terminal: it, sent } = terminal(false)
    expect(sent()).toBe('')
    it.push(DO_ECHO)
    // from: RFC 857, 858, 1073: WILL SUPPRESS-GO-AHEAD, DO WINDOW-SIZE, and ECHO, which was asked for
    expect(sent()).toContain('\xff\xfb\x01')
    expect(it.kind).toBe('telnet')
  })
})

describe('the size of the screen', () => {
  test('is what telnet says, changes included; 0 says nothing, and a claim has bounds', () => {
    const { terminal: it } = terminal(true)
    let resizes = 0
    it.screen.on('resize', () => resizes++)
    const say = (columns: number, rows: number): number[] => {
      it.push(encodeSubnegotiation(Option.WINDOW_SIZE, encodeWindowSize(columns, rows)))
      return [it.screen.columns, it.screen.rows]
    }
    expect([it.screen.columns, it.screen.rows]).toEqual([80, 24])
    expect(say(132, 50)).toEqual([132, 50])
    expect(say(0, 0)).toEqual([132, 50])
    expect(say(1, 1)).toEqual([10, 10])
    expect(say(65_535, 65_535)).toEqual([1000, 1000])
    expect(resizes).toBe(4)
  })

  test('is asked of a terminal in raw mode, and again after ^L', () => {
    const { terminal: it, sent } = terminal()
    it.push(Buffer.from('c'))
    expect(sent()).toBe(ASK_FOR_SIZE)
    it.push(Buffer.from('\x1b[50;132Ro'))
    expect([it.screen.columns, it.screen.rows]).toEqual([132, 50])
    expect(it.keyboard.heldBytes).toBe(2)
    it.push(Buffer.from('\f'))
    expect(sent()).toBe(ASK_FOR_SIZE)
  })

  test('is not waited for past the end of a line', () => {
    const { terminal: it } = terminal()
    it.push(Buffer.from('\r'))
    it.push(Buffer.from('ab\r'))
    it.push(Buffer.from('\x1b[5;5R'))
    expect(it.screen.columns).toBe(80)
  })
})

describe('telnet commands', () => {
  test.each([
    ['an interrupt', Command.INTERRUPT_PROCESS, ['interrupt']],
    ['a break', Command.BREAK, ['interrupt']],
    ['an end of file', Command.EOF, ['end']],
    ['nothing', Command.NOP, []],
    ['a go-ahead', Command.GO_AHEAD, []],
    ['a command that no standard knows', 7, []],
  ])('%s is what it says', (_, command, signals) => {
    expect(terminal(true).terminal.push(encodeCommand(command))).toEqual(signals)
  })

  test('an erased character and an erased line are the keys that do it', () => {
    const { terminal: it } = terminal(true)
    it.push(Buffer.concat([encodeCommand(Command.ERASE_CHARACTER), encodeCommand(Command.ERASE_LINE)]))
    expect(it.keyboard.heldBytes).toBe(2)
  })

  test('somebody who asks whether we are there is told', () => {
    const { terminal: it, sent } = terminal(true)
    sent()
    it.push(encodeCommand(Command.ARE_YOU_THERE))
    expect(sent()).toContain('[Yes')
  })
})
