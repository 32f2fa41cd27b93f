/** The command line of these programs: `--help`, and for what is wrong one sentence on stderr and the status 2. */
import { type ParseArgsConfig, parseArgs } from 'node:util'

export function commandLine<const Options extends NonNullable<ParseArgsConfig['options']>>(
  usage: string,
  options: Options,
): ReturnType<typeof parseArgs<{ options: Options }>>['values'] {
  if (process.argv.includes('--help')) {
    console.log(usage)
    process.exit(0)
  }
  try {
    return parseArgs({ options }).values
  } catch (error) {
    return wrong((error as Error).message)
  }
}

/** A whole number, or the end of the program. */
export function wholeNumber(option: string, text: string, least: number, most = 2 ** 31 - 1): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number <= most) return number
  return wrong(`${option} must be a whole number from ${least} to ${most}, not '${text}'`)
}

export function wrong(sentence: string): never {
  console.error(`${sentence}\nTry --help.`)
  process.exit(2)
}
