/**
 * The status page as HTML: one file without scripts, which loads nothing and is looked at in light and in
 * dark, on a desk and on a telephone.
 */
import { createHash } from 'node:crypto'
import { escapeHtml } from './responses.js'
import type { StatusReport, StatusRow } from './status-report.js'

const DEEPEST_INDENT = 20

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --mute: #777; --accent: #06c }
@media (prefers-color-scheme: dark) { :root { --mute: #999; --accent: #6bf } }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
h1 { font-size: 1.3rem; margin: 0 0 .2rem }
p { color: var(--mute); margin: 0 0 1.2rem }
table { border-collapse: collapse; width: 100% }
th { text-align: left; font-weight: 600; color: var(--mute); position: sticky; top: 0; background: Canvas }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top }
tbody tr:hover { background: var(--soft) }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
td.w { font-family: ui-monospace, monospace; font-size: 13px; overflow-wrap: anywhere }
td.w span { color: var(--mute) }
td b { font-weight: 600; color: var(--accent) }
td i { color: var(--mute) }
td:first-child { padding-left: calc(.6rem + var(--depth, 0) * 1.1rem) }
@media (max-width: 44rem) {
  body { margin: 1rem auto }
  table, tbody { display: block }
  thead { display: none }
  tr { display: grid; grid-template-columns: 1fr auto auto; border-bottom: 1px solid var(--line); padding: .3rem 0 }
  td { border: 0; padding: .1rem 0 .1rem .8rem; overflow-wrap: anywhere }
  td:first-child, td.w { padding-left: calc(min(var(--depth, 0), 10) * .7rem) }
  td.w { grid-area: 2 / 1 / auto / -1 }
  td.n:last-child::before { content: 'CPU '; color: var(--mute) }
}
${Array.from({ length: DEEPEST_INDENT }, (_, i) => `.d${i + 1} { --depth: ${i + 1} }`).join('\n')}
`

/** Allows the style and nothing else, and no frame around it. */
export const STATUS_POLICY: string = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export function statusHtml(report: StatusReport, refreshSeconds: number): string {
  const { title, at, pid, node, uptimeMs, memoryBytes, count, coroutines } = report
  const facts = [
    `${count} coroutine${count === 1 ? '' : 's'}`,
    `process ${pid}, Node ${node}, up ${duration(uptimeMs)}`,
    `${mebibytes(memoryBytes.resident)} resident, ${mebibytes(memoryBytes.heap)} of heap`,
    at,
  ]
  const hidden = count - coroutines.length
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refreshSeconds === 0 ? '' : `<meta http-equiv="refresh" content="${refreshSeconds}">\n`}<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
<h1>${escapeHtml(title)}</h1>
<p>${facts.map(escapeHtml).join(' · ')}</p>
<table>
<thead><tr><th>Coroutine<th>Waits on<th class="n">Age<th class="n">CPU
<tbody>
${coroutines.map(row).join('\n')}
</table>
${hidden === 0 ? '' : `<p>and ${hidden} more</p>\n`}</html>
`
}

function row({ id, name, state, isDaemon, depth, ageMs, cpuMs, waits }: StatusRow): string {
  const indent = depth === 0 ? '' : ` class="d${Math.min(depth, DEEPEST_INDENT)}"`
  const on =
    waits.length === 0
      ? `<i>${escapeHtml(state)}</i>`
      : waits.map((wait) => `${escapeHtml(wait.on)} <span>${duration(wait.ageMs)}</span>`).join('<br>')
  const daemon = isDaemon ? ' <i>daemon</i>' : ''
  return `<tr${indent}><td><b>${id}</b> ${escapeHtml(name)}${daemon}<td class="w">${on}<td class="n">${duration(ageMs)}<td class="n">${cpuMs.toFixed(1)} ms`
}

function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`
  return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`
}
