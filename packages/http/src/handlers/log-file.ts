/**
 * A file that lines are added to, for logs. Lines of one turn go out in one write. To a regular file that is
 * done at once, as the system only takes note of it; to a pipe or a terminal, which may take nothing for
 * long, by another thread, and what it does not keep up with is dropped and counted.
 */
import { closeSync, fstatSync, openSync, writeSync, write as writeTo } from 'node:fs'
import { type Coroutine, Fifo, interruptible, sleep, spawn, yieldSlice } from '@shrapnel/core'
import { checkInteger, checkOptionNames, wrongType } from '@shrapnel/core/parts'

export interface LogFileOptions {
  /** Lines that wait to be written, in characters; more are dropped. 1,048,576 unless given. */
  readonly maxBufferedLength?: number
}

const OPTIONS = new Set(['maxBufferedLength'])
const MODE = 0o640
/** A pipe that nobody reads at the moment is asked again after so long. */
const FULL_PIPE_MS = 10
const opened = new Set<LogFile>()

export class LogFile {
  readonly #path: string | null
  readonly #maxLength: number
  /** Has something in it when there are lines. */
  readonly #bell = new Fifo<true>(1)
  readonly #writer: Coroutine<void>
  readonly #isRegular: boolean
  #fd: number
  #lines: string[] = []
  #length = 0
  #dropped = 0
  #error: unknown
  #isWriting = false
  /** To be closed when what is being written is. */
  #oldFds: number[] = []

  /**
   * A path, which is made if need be and added to, or a descriptor that is open, and stays so. Throws the
   * system's errors.
   */
  constructor(target: string | number, options: LogFileOptions = {}) {
    checkOptionNames(options, OPTIONS)
    this.#maxLength = checkInteger('maxBufferedLength', options.maxBufferedLength ?? 1_048_576, 1, 2 ** 31)
    if (typeof target === 'string') {
      this.#path = target
      this.#fd = openSync(target, 'a', MODE)
    } else {
      if (typeof target !== 'number') throw wrongType('target', 'a path or a descriptor', target)
      this.#path = null
      this.#fd = checkInteger('target', target, 0, 2 ** 31)
    }
    this.#isRegular = fstatSync(this.#fd).isFile()
    if (opened.size === 0) process.on('exit', flushAll)
    opened.add(this)
    this.#writer = spawn({ name: 'log file', daemon: true }, () => this.#writeAll())
  }

  /** Lines that were dropped, as too many waited, they could not be written, or the file was closed. */
  get droppedLines(): number {
    return this.#dropped
  }

  /** What the last write failed with; undefined: it did not. */
  get error(): unknown {
    return this.#error
  }

  /**
   * Adds a line, with its line end. Does not wait: it is written at the end of the turn, and at the latest
   * when the process ends; to a pipe it may then come before what another thread is still writing.
   */
  write(line: string): void {
    if (this.#bell.isClosed || this.#length + line.length > this.#maxLength) {
      this.#dropped++
      return
    }
    this.#lines.push(line)
    this.#length += line.length
    this.#bell.tryPush(true)
  }

  /**
   * Opens the path again: for when the file was moved away, as logrotate does. Lines that wait go to the new
   * one. Throws the system's errors, and goes on with the old file then. Without effect on a descriptor.
   */
  reopen(): void {
    if (this.#path === null || this.#bell.isClosed) return
    const fd = openSync(this.#path, 'a', MODE)
    this.#oldFds.push(this.#fd)
    this.#fd = fd
    this.#closeOld()
  }

  /** Waits until all lines are written, and closes the file. Cancelled, it does so all the same. */
  async close(): Promise<void> {
    this.#bell.close()
    await this.#writer.join()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal */
  flush(): void {
    const lines = this.#lines.length
    if (lines === 0) return
    const bytes = Buffer.from(this.#take())
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at)
      this.#error = undefined
    } catch (error) {
      this.#error = error
      this.#dropped += lines
    }
  }

  #take(): string {
    const text = this.#lines.join('')
    this.#lines = []
    this.#length = 0
    return text
  }

  async #writeAll(): Promise<void> {
    try {
      for await (const _ of this.#bell) {
        await yieldSlice()
        if (this.#isRegular) this.flush()
        else await this.#writeLines()
      }
    } finally {
      this.flush()
      opened.delete(this)
      if (opened.size === 0) process.removeListener('exit', flushAll)
      if (this.#path !== null) this.#oldFds.push(this.#fd)
      this.#closeOld()
    }
  }

  async #writeLines(): Promise<void> {
    const lines = this.#lines.length
    if (lines === 0) return
    const bytes = Buffer.from(this.#take())
    this.#isWriting = true
    try {
      await writeWhole(this.#fd, bytes)
      this.#error = undefined
    } catch (error) {
      this.#error = error
      this.#dropped += lines
    } finally {
      this.#isWriting = false
      this.#closeOld()
    }
  }

  #closeOld(): void {
    if (!this.#isWriting) for (const fd of this.#oldFds.splice(0)) closeSync(fd)
  }
}

async function writeWhole(fd: number, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const count = await interruptible(writeSome(fd, bytes, at))
    if (count < 0) await sleep(FULL_PIPE_MS)
    else at += count
  }
}

/** How much the file took; -1: nothing for now. */
function writeSome(fd: number, bytes: Buffer, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    writeTo(fd, bytes, at, bytes.length - at, null, (error, count) => {
      if (error === null) resolve(count)
      else if (error.code === 'EAGAIN') resolve(-1)
      else reject(error)
    })
  })
}

function flushAll(): void {
  for (const file of opened) file.flush()
}
