/** The first byte of each message, and the numbers of the protocol. PostgreSQL documentation, "Message Formats". */

const code = (letter: string) => letter.charCodeAt(0)

/** What a server sends. */
export const Backend = {
  authentication: code('R'),
  backendKeyData: code('K'),
  bindComplete: code('2'),
  closeComplete: code('3'),
  commandComplete: code('C'),
  copyBothResponse: code('W'),
  copyData: code('d'),
  copyDone: code('c'),
  copyInResponse: code('G'),
  copyOutResponse: code('H'),
  dataRow: code('D'),
  emptyQueryResponse: code('I'),
  errorResponse: code('E'),
  functionCallResponse: code('V'),
  negotiateProtocolVersion: code('v'),
  noData: code('n'),
  noticeResponse: code('N'),
  notificationResponse: code('A'),
  parameterDescription: code('t'),
  parameterStatus: code('S'),
  parseComplete: code('1'),
  portalSuspended: code('s'),
  readyForQuery: code('Z'),
  rowDescription: code('T'),
} as const

/** What a client sends. Messages of the start-up have no such byte. */
export const Frontend = {
  bind: code('B'),
  close: code('C'),
  copyData: code('d'),
  copyDone: code('c'),
  copyFail: code('f'),
  describe: code('D'),
  execute: code('E'),
  flush: code('H'),
  functionCall: code('F'),
  parse: code('P'),
  /** A password, or SASL's messages: which of them, only the conversation knows. */
  authentication: code('p'),
  query: code('Q'),
  sync: code('S'),
  terminate: code('X'),
} as const

/** The first number of a message of the start-up. */
export const StartupCode = {
  protocol30: 0x0003_0000,
  protocol32: 0x0003_0002,
  cancelRequest: 80877102,
  sslRequest: 80877103,
  gssEncRequest: 80877104,
} as const

/** The first number of an Authentication message. */
export const AuthenticationCode = {
  ok: 0,
  kerberosV5: 2,
  cleartextPassword: 3,
  md5Password: 5,
  gss: 7,
  gssContinue: 8,
  sspi: 9,
  sasl: 10,
  saslContinue: 11,
  saslFinal: 12,
} as const

export const TEXT_FORMAT = 0
export const BINARY_FORMAT = 1
export type Format = typeof TEXT_FORMAT | typeof BINARY_FORMAT
