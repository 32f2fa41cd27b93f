/** The codec alone: bytes to messages and back, without any I/O. */
export { MAX_HEAD_BYTES } from './limits.js'
