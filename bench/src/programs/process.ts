/** Runs a program that does nothing to its end, `batch` at a time, with `ballastMb` of touched memory in this process. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { chosen, finish, programArguments, ratePerSecond } from './program.js'

interface Parameters {
  readonly batch: number
  readonly ballastMb: number
  readonly timeMs: number
}

type RunOne = () => Promise<unknown>

const COMMAND = 'true'

async function ours(): Promise<RunOne> {
  const { run } = await import('@shrapnel/core')
  return () => run(COMMAND)
}

async function nodeExecFile(): Promise<RunOne> {
  const execute = promisify(execFile)
  return () => execute(COMMAND)
}

const { contestant, parameters } = programArguments<Parameters>()
const { batch, ballastMb, timeMs } = parameters
const ballast = Buffer.alloc(ballastMb * 1_000_000, 1)
const runOne = await chosen({ ours, execFile: nodeExecFile }, contestant)()
const perSecond = await ratePerSecond(batch, timeMs, async () => {
  await Promise.all(Array.from({ length: batch }, runOne))
})
finish({ perSecond, ballastBytes: ballast.length })
