/** Turns samples into the report that `--json` prints and that the table shows. Pure. */
import { type Benchmark, type BenchmarkReport, type CaseReport, type Measured, OURS } from './benchmark.js'
import { type Distribution, distributionOf, ratioOf } from './statistics.js'

export function caseReportOf({ title, better, samples }: Measured): CaseReport {
  const results: Record<string, Distribution> = {}
  for (const [name, values] of samples) results[name] = distributionOf(values)
  const ratios: Record<string, number> = {}
  const ours = results[OURS]
  for (const [name, { median }] of Object.entries(results)) {
    if (ours === undefined || name === OURS) continue
    const ratio = ratioOf(ours.median, median, better)
    if (ratio !== undefined) ratios[name] = ratio
  }
  return { case: title, results, ratios }
}

export function benchmarkReportOf(benchmark: Benchmark, measured: readonly Measured[]): BenchmarkReport {
  return { name: benchmark.name, unit: benchmark.unit, cases: measured.map(caseReportOf) }
}
