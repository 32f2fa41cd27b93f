/** How far a download is, on a terminal: nothing anywhere else. */
import process from 'node:process'
import { now } from '@shrapnel/core'

export interface Progress {
  /** So many bytes are there now. */
  advance(bytes: number): void
  /** `isWhole`: there is nothing more to come. */
  end(isWhole: boolean): void
}

const BAR_COLUMNS = 24
const REDRAW_MS = 100
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** `total`: undefined if nobody knows. Null: there is no terminal. */
export async function startProgress(
  name: string,
  from: number,
  total: number | undefined,
): Promise<Progress | null> {
  // A terminal of no columns, as `script` and containers give without one, would have infinitely many lines to redraw.
  if (!process.stderr.isTTY || !(process.stderr.columns > 0)) return null
  const { default: ora } = await import('ora')
  // Standard input stays as it is, or Ctrl-C would come as a byte.
  const line = ora({ text: name, stream: process.stderr, discardStdin: false }).start()
  const since = now()
  let shown = 0
  let last = from
  return {
    advance(bytes) {
      last = bytes
      const time = now()
      if (time - shown < REDRAW_MS) return
      shown = time
      line.text = describeProgress(name, from, bytes, total, time - since)
    },
    end(isWhole) {
      const text = describeProgress(name, from, last, total, now() - since)
      if (isWhole) line.succeed(text)
      else line.fail(text)
    },
  }
}

/** As a line of text. `elapsedMs`: since there were `from` bytes. */
export function describeProgress(
  name: string,
  from: number,
  bytes: number,
  total: number | undefined,
  elapsedMs: number,
): string {
  const perSecond = elapsedMs > 0 ? ((bytes - from) * 1_000) / elapsedMs : 0
  const rate = `${size(perSecond)}/s`
  if (total === undefined || total === 0) return `${name}  ${size(bytes)}  ${rate}`
  const share = Math.min(1, bytes / total)
  const done = Math.round(share * BAR_COLUMNS)
  const bar = `${'█'.repeat(done)}${'░'.repeat(BAR_COLUMNS - done)}`
  const left = perSecond > 0 && bytes < total ? `  ${duration((total - bytes) / perSecond)}` : ''
  return `${name}  ${bar} ${Math.floor(share * 100)}%  ${size(bytes)} of ${size(total)}  ${rate}${left}`
}

function size(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000
    unit++
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  const parts = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60]
  const text = parts.map((part) => `${part}`.padStart(2, '0')).join(':')
  return text.replace(/^00:/, '')
}
