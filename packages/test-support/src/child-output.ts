/**
 * Keeps what a child process writes, for error messages and assertions. Memory is bounded: past the limit the oldest
 * output is dropped, and the text says so. Standard output and error come through two pipes, so their order relative
 * to each other is only nearly what the program meant.
 */
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

const MAX_OUTPUT_BYTES = 8 * 1024 * 1024

interface Block {
  readonly from: 'stdout' | 'stderr'
  readonly bytes: Buffer
}

export class ChildOutput {
  readonly #maxBytes: number
  readonly #closed: Promise<unknown>
  #blocks: Block[] = []
  #bytes = 0
  #droppedBytes = 0

  constructor(child: ChildProcess, maxBytes = MAX_OUTPUT_BYTES) {
    this.#maxBytes = maxBytes
    // 'close' and not 'exit': it comes when both pipes are at their end, so that no last words are missed.
    this.#closed = new Promise((resolve) => child.once('close', resolve))
    child.stdout?.on('data', (bytes: Buffer) => this.#keep({ from: 'stdout', bytes }))
    child.stderr?.on('data', (bytes: Buffer) => this.#keep({ from: 'stderr', bytes }))
  }

  /** All that is kept, of both or of one. */
  text(from?: Block['from']): string {
    const blocks = from === undefined ? this.#blocks : this.#blocks.filter((block) => block.from === from)
    const text = Buffer.concat(blocks.map((block) => block.bytes)).toString('utf8')
    return this.#droppedBytes === 0 ? text : `[${this.#droppedBytes} earlier bytes dropped]\n${text}`
  }

  /**
   * Waits until both pipes are at their end, but no longer than `patienceMs`: a grandchild that lives on holds them
   * open for as long as it likes.
   */
  async drained(patienceMs: number): Promise<void> {
    const patience = new AbortController()
    await Promise.race([
      this.#closed,
      sleep(patienceMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ])
    patience.abort()
  }

  #keep(block: Block): void {
    this.#blocks.push(block)
    this.#bytes += block.bytes.length
    while (this.#bytes > this.#maxBytes && this.#blocks.length > 1) {
      const dropped = this.#blocks.shift()?.bytes.length ?? 0
      this.#bytes -= dropped
      this.#droppedBytes += dropped
    }
  }
}
