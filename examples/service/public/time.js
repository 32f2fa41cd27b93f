/** Times as people say them, kept true while the page is open. */

const STEPS = [
  ['minute', 60, 3600],
  ['hour', 3600, 86_400],
  ['day', 86_400, 7 * 86_400],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const absolute = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })
const whole = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })

export function timeElement(iso) {
  const element = document.createElement('time')
  element.dateTime = iso
  element.title = whole.format(new Date(iso))
  element.textContent = spoken(iso)
  return element
}

function spoken(iso) {
  const seconds = (Date.now() - Date.parse(iso)) / 1000
  if (seconds < 60) return 'just now'
  for (const [unit, length, limit] of STEPS) {
    if (seconds < limit) return relative.format(-Math.floor(seconds / length), unit)
  }
  return absolute.format(new Date(iso))
}

setInterval(() => {
  for (const element of document.querySelectorAll('time')) element.textContent = spoken(element.dateTime)
}, 30_000)
