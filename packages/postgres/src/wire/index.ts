/** The codec alone: bytes to messages and values and back, without any I/O. */
export { MAX_MESSAGE_BYTES } from './limits.js'
