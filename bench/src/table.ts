/** The report for people: one row per contestant and case, and under each case its targets. Pure text. */
import type { Benchmark, Measured } from './benchmark.js'
import { caseReportOf } from './report.js'

const HEADINGS = ['', 'median', 'min', 'max', 'ours is']

/** Three significant digits below a thousand, whole and grouped from there. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

function alignedRows(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => {
    const cells = row.map((cell, at) =>
      at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
    )
    return `  ${cells.join('  ')}`.trimEnd()
  })
}

function caseLines(measured: Measured): string[] {
  const report = caseReportOf(measured)
  const rows = Object.entries(report.results).map(([name, { median, min, max }]) => {
    const ratio = report.ratios[name]
    const figures = [median, min, max].map(formatNumber)
    return [name, ...figures, ratio === undefined ? '' : `${ratio.toFixed(2)} x`]
  })
  const verdicts = measured.targets.map((target) => {
    const isMet = target.isMet(report)
    return `  target: ${target.text}: ${isMet === undefined ? 'not measured' : isMet ? 'met' : 'MISSED'}`
  })
  return [measured.title, ...alignedRows([HEADINGS, ...rows]), ...verdicts, '']
}

export function tableOf(benchmark: Benchmark, measured: readonly Measured[]): string {
  const direction = new Set(measured.map(({ better }) => better))
  const hint = direction.size === 1 ? `, ${[...direction].join()} is better` : ''
  return [`${benchmark.name} (${benchmark.unit}${hint})`, '', ...measured.flatMap(caseLines)].join('\n')
}
