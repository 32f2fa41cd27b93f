/**
 * Between a watcher and the kernel: a source turns the kernel's records into events, a sink takes them. A source knows
 * nothing of who waits, a sink nothing of kernels.
 */
import type { WatchEvent } from './watch-event.js'

/** What is watched. */
export interface WatchTarget {
  /** As the program gave it: what paths in events begin with. */
  readonly path: string
  /** The same with all symlinks resolved, absolute, as raw bytes: a character for each (byte-path.ts). */
  readonly real: string
  /** False: one name, whatever kind of file has it; its folder is what a source watches. */
  readonly isDirectory: boolean
  readonly isRecursive: boolean
}

export interface ChangeSink {
  /** Never refuses. When too many are queued an `overflow` takes the place of this and all others until it was taken. */
  push(event: WatchEvent): void
  /** No event comes after those that were pushed: what was watched is gone. */
  end(): void
  /** As `end`, and whoever asks for more gets `error`. */
  fail(error: unknown): void
}

/**
 * - It reads the kernel's queue whenever there is something in it, whether or not somebody waits: a bounded part a turn.
 * - Nothing that it is called for may throw, but for opening it. Before it calls `end` or `fail` it has closed itself.
 */
export interface ChangeSource {
  /** Gives everything back to the kernel, and calls the sink no more. Idempotent. */
  close(): void
}

/** Throws what the system says: `ENOENT`, `EACCES`, `ENOSPC`, `EMFILE`. Nothing is left open then. */
export type OpenSource = (target: WatchTarget, sink: ChangeSink) => ChangeSource
