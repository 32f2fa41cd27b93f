/** An error on one line, with where it comes from and what caused it. Whatever was thrown, this does not throw. */
import { oneLine, textOf } from './plain-text.js'

/** Of a stack, and of causes, in a report of one line. An error can be its own cause. */
const MOST_FRAMES = 8
const MOST_CAUSES = 8

/** Its name, code and message, then `[function file:line]` for each frame of the program, and its causes. */
export function compactTrace(error: unknown): string {
  return oneLine(trace(error, MOST_CAUSES))
}

function trace(error: unknown, causesLeft: number): string {
  try {
    if (!(error instanceof Error)) return textOf(error)
    const { code, cause } = error as { code?: unknown; cause?: unknown }
    const head = `${error.name}${typeof code === 'string' ? ` ${code}` : ''}: ${textOf(error)}`
    const text = [head, ...places(error.stack)].join(' ')
    if (cause === undefined) return text
    return `${text} caused by ${causesLeft > 0 ? trace(cause, causesLeft - 1) : 'more'}`
  } catch {
    return textOf(error)
  }
}

function places(stack: unknown): string[] {
  const frames = typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)) : []
  return frames
    .filter((line) => !isInternal(line))
    .slice(0, MOST_FRAMES)
    .map((line) => `[${compactFrame(line)}]`)
}

const OWN_FOLDER = new URL('..', import.meta.url).pathname

/** Node's own frames and this package's say nothing about the program. */
function isInternal(line: string): boolean {
  return line.includes('node:') || line.includes(OWN_FOLDER)
}

function compactFrame(line: string): string {
  const match = /^\s+at (?:async )?(?:(.*?) \()?(?:file:\/\/)?(.*?):(\d+):\d+\)?$/.exec(line)
  if (match === null) return line.trim()
  const [, fn, file, row] = match
  const base = file?.slice(file.lastIndexOf('/') + 1)
  return fn === undefined ? `${base}:${row}` : `${fn} ${base}:${row}`
}
