/** PostgreSQL for coroutines. The public names, by what one does with them. */
export { MAX_MESSAGE_BYTES } from './wire/limits.js'
