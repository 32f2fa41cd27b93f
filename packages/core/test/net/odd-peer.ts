/** Starts test/programs/odd-peer.cc, compiled when first asked for. */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { interruptible } from '../../src/index.js'

const source = fileURLToPath(new URL('../programs/odd-peer.cc', import.meta.url))
const folder = fileURLToPath(new URL('../../build/test-programs/', import.meta.url))

// The sanitizers' runtime is preloaded into Node, and is none of the compiler's business.
const env = { ...process.env, LD_PRELOAD: undefined }

/** The path of the program. */
export function compileOddPeer(): string {
  mkdirSync(folder, { recursive: true })
  const program = `${folder}odd-peer-${process.pid}`
  execFileSync('c++', ['-std=c++17', '-Wall', '-Wextra', '-Werror', '-O1', '-o', program, source], { env })
  return program
}

export class OddPeer implements Disposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #ended: Promise<unknown>
  output = ''

  /** `inherited` is descriptor 3 there. */
  constructor(
    program: string,
    what: 'urgent' | 'urgent-late' | 'rights' | `rights-${number}` | 'swallow' | 'drain',
    to: string | number,
    inherited: number | 'ignore' = 'ignore',
  ) {
    const stdio = ['pipe', 'pipe', 'inherit', inherited] as const
    const child = spawn(program, [what, String(to)], { env, stdio: [...stdio] })
    this.#child = child as ChildProcessByStdio<Writable, Readable, null>
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
    })
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve))
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Lets it take its next step. */
  step(): void {
    this.#child.stdin.write('\n')
  }

  /** Waits for its end; its exit code. */
  ended(): Promise<unknown> {
    return interruptible(this.#ended)
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}
