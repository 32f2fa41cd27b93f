/**
 * Keeps the embedded database running: a thread that has ended is started again, after a pause that grows. Nobody waits
 * for it here: whoever has a query finds it away until it is back.
 */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { interruptible, shield, sleep, TimeoutError, withTimeout } from '@shrapnel/core'

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000
const STOP_MS = 5000
/** PostgreSQL clients look for a socket of this name in the folder that they are told. */
const SOCKET_NAME = '.s.PGSQL.5432'

export class EmbeddedPostgres {
  readonly #folder: string
  /** The thread that takes connections. */
  #ready: Worker | undefined
  /** For a client, such as psql. */
  readonly url: string

  constructor(folder: string) {
    this.#folder = folder
    this.url = `postgres://postgres@/postgres?host=${encodeURIComponent(folder)}&sslmode=disable`
  }

  /**
   * It gives no answers any more: the thread is ended, and the next one repairs what there is to repair. PostgreSQL gives
   * itself up when there is no room for its log, and PGlite then says nothing at all. One that is still starting is left
   * alone.
   */
  restart(): void {
    void this.#ready?.terminate()
  }

  /** Runs until it is shut down; then the database writes what it has to, and closes. */
  async run(): Promise<never> {
    let pauseMs = FIRST_PAUSE_MS
    for (;;) {
      const startedAt = performance.now()
      await this.#runOnce()
      if (performance.now() - startedAt > LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS
      await sleep(pauseMs)
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    }
  }

  async #runOnce(): Promise<void> {
    const worker = new Worker(new URL('./embedded-worker.js', import.meta.url), {
      workerData: {
        folder: join(this.#folder, 'postgres'),
        socketPath: join(this.#folder, SOCKET_NAME),
      },
    })
    worker.once('message', () => {
      this.#ready = worker
    })
    const end = new Promise<void>((resolve) => {
      worker.once('exit', () => resolve())
      worker.once('error', (error) => console.error(`The embedded database ended: ${firstLine(error)}`))
    })
    try {
      await interruptible(end)
    } finally {
      this.#ready = undefined
      await shield(STOP_MS + 1000, () => stop(worker, end))
    }
  }
}

async function stop(worker: Worker, end: Promise<void>): Promise<void> {
  worker.postMessage('stop')
  try {
    await withTimeout(STOP_MS, () => interruptible(end))
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    await interruptible(worker.terminate())
  }
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] as string
}
