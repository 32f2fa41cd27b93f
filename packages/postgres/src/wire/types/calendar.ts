/** Days and times of day as PostgreSQL writes and reads them: the Gregorian calendar in both directions without an end. */

export const MICROSECONDS_PER_DAY = 86_400_000_000
const MS_PER_DAY = 86_400_000
/** PostgreSQL counts from 2000-01-01, JavaScript from 1970-01-01. */
export const EPOCH_DAYS = 10_957
export const EPOCH_MS = EPOCH_DAYS * MS_PER_DAY

const DAYS_PER_400_YEARS = 146_097

const twoDigits = (value: number) => (value < 10 ? `0${value}` : String(value))

export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** Days since 1970-01-01 as a date. Years count without a gap: 0 is 1 BC. */
export function civilDate(days: number): CivilDate {
  // Years that begin in March have their leap day at the end.
  const shifted = days + 719_468
  const era = Math.floor(shifted / DAYS_PER_400_YEARS)
  const dayOfEra = shifted - era * DAYS_PER_400_YEARS
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  }
}

/** The other way round. */
export function daysOf(year: number, month: number, day: number): number {
  const shiftedYear = month <= 2 ? year - 1 : year
  const era = Math.floor(shiftedYear / 400)
  const yearOfEra = shiftedYear - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * DAYS_PER_400_YEARS + dayOfEra - 719_468
}

/** Days since 1970-01-01 as `2026-11-21`; what comes before the year 1 has ` BC` behind, and behind the time if there is one. */
export function dateText(days: number, time = ''): string {
  const { year, month, day } = civilDate(days)
  const shown = year > 0 ? year : 1 - year
  return `${String(shown).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)}${time}${year > 0 ? '' : ' BC'}`
}

/** Microseconds since midnight as `13:37:00.25`: a fraction only if there is one, without zeros at its end. */
export function timeText(microseconds: number): string {
  const seconds = Math.floor(microseconds / 1_000_000)
  const fraction = microseconds - seconds * 1_000_000
  const minutes = Math.floor(seconds / 60)
  const clock = `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}:${twoDigits(seconds % 60)}`
  if (fraction === 0) return clock
  return `${clock}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`
}

/** Seconds east of Greenwich as `+01`, `-03:30`, `+00:19:32`. */
export function zoneText(seconds: number): string {
  const size = Math.abs(seconds)
  const minutes = Math.floor(size / 60)
  let text = `${seconds < 0 ? '-' : '+'}${twoDigits(Math.floor(minutes / 60))}`
  if (size % 3600 !== 0) text += `:${twoDigits(minutes % 60)}`
  if (size % 60 !== 0) text += `:${twoDigits(size % 60)}`
  return text
}
