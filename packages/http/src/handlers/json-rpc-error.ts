/** Errors of JSON-RPC 2.0: what a method throws to say something to the caller, and those of the protocol. */

export const PARSE_ERROR = -32_700
export const INVALID_REQUEST = -32_600
export const METHOD_NOT_FOUND = -32_601
export const INVALID_PARAMS = -32_602
export const INTERNAL_ERROR = -32_603

/**
 * Thrown by a method, it goes to the caller as it is: its code, its message, and `data` if there is some.
 * Codes from -32768 to -32000 are the protocol's: of those -32602 says that the parameters are wrong.
 */
export class JsonRpcError extends Error {
  override readonly name: string = 'JsonRpcError'
  readonly code: number
  readonly data: unknown
  constructor(code: number, message: string, data?: unknown) {
    super(message)
    this.code = code
    this.data = data
  }
}
