/** A value that is there, or will be. What is ready costs no promise; `await` takes both. */
export type Awaitable<T> = T | Promise<T>
