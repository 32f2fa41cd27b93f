/**
 * The command line of the benchmarks: lists them or runs them one after another. Reports go to standard output, all else
 * to standard error. A missed target is reported and is no failure; a benchmark that could not run is.
 */
import type { Benchmark, BenchmarkReport, Context } from './benchmark.js'
import { BENCHMARKS } from './benchmarks/all.js'
import { type Request, readCommandLine, USAGE, UsageError } from './command-line.js'
import { benchmarkReportOf } from './report.js'
import { tableOf } from './table.js'

function listOf(benchmarks: readonly Benchmark[]): string {
  const width = Math.max(...benchmarks.map(({ name }) => name.length))
  const lines = benchmarks.flatMap(({ name, summary, target }) => [
    `${name.padEnd(width)}  ${summary}`,
    `${''.padEnd(width)}  target: ${target}`,
  ])
  return `${lines.join('\n')}\n`
}

function contextFor(benchmark: Benchmark, { isQuick }: Request): Context {
  const said = new Set<string>()
  return {
    isQuick,
    progress: (text) => process.stderr.write(`${benchmark.name}: ${text}\n`),
    notice(text) {
      if (said.has(text)) return
      said.add(text)
      process.stderr.write(`${benchmark.name}: ${text}\n`)
    },
  }
}

async function run(request: Request): Promise<void> {
  const reports: BenchmarkReport[] = []
  for (const benchmark of request.benchmarks) {
    const measured = await benchmark.run(contextFor(benchmark, request))
    reports.push(benchmarkReportOf(benchmark, measured))
    if (!request.isJson) process.stdout.write(`${tableOf(benchmark, measured)}\n`)
  }
  if (!request.isJson) return
  process.stdout.write(`${JSON.stringify(reports.length === 1 ? reports[0] : reports, null, 2)}\n`)
}

async function main(): Promise<void> {
  const request = readCommandLine(process.argv.slice(2), BENCHMARKS)
  if (request.wantsHelp) process.stdout.write(USAGE)
  else if (request.wantsList) process.stdout.write(listOf(request.benchmarks))
  else await run(request)
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  if (error instanceof UsageError) process.stderr.write('Try --help.\n')
  process.exitCode = 1
})
