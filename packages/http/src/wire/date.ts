/** Dates of HTTP (RFC 9110, 5.6.7). Written in one form, read in three. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const IMF = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/
const RFC_850 =
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/
const ASCTIME = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/

/** `Sun, 06 Nov 1994 08:49:37 GMT`, of milliseconds since the epoch. */
export function formatHttpDate(timeMs: number): string {
  return new Date(timeMs).toUTCString()
}

/** Milliseconds since the epoch; undefined: it is no date. `nowMs` tells the century of two digits. */
export function parseHttpDate(text: string, nowMs: number = Date.now()): number | undefined {
  let match = IMF.exec(text)
  if (match !== null) return timeOf(match[3], match[2], match[1], match[4], match[5], match[6])
  match = ASCTIME.exec(text)
  if (match !== null) return timeOf(match[6], match[1], match[2], match[3], match[4], match[5])
  match = RFC_850.exec(text)
  if (match === null) return undefined
  // One that seems more than 50 years ahead is in the past.
  const latest = new Date(nowMs).getUTCFullYear() + 50
  const inCentury = Math.floor(latest / 100) * 100 + Number(match[3])
  const year = inCentury > latest ? inCentury - 100 : inCentury
  return timeOf(String(year), match[2], match[1], match[4], match[5], match[6])
}

function timeOf(...parts: readonly (string | undefined)[]): number | undefined {
  const month = MONTHS.indexOf(parts[1] as string)
  const [year, , day, hour, minute, second] = parts.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const timeMs = Date.UTC(year, month, day, hour, minute, Math.min(second, 59))
  const isReal =
    month >= 0 && new Date(timeMs).getUTCDate() === day && hour < 24 && minute < 60 && second <= 60
  return isReal ? timeMs : undefined
}
