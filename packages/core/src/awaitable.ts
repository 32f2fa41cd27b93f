/** A value that is there, or will be. What is ready costs no promise; `await` takes both. */
export type Awaitable<T> = T | Promise<T>

/** What an operation without a result gives when it is done at once: awaiting this is cheaper than awaiting `undefined`. */
export const DONE: Promise<void> = Promise.resolve()
