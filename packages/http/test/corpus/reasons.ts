/** Why our verdict is another than node:http's, where it is. */

export const METHOD =
  'Any token is a method (RFC 9110, 9.1): a handler knows which it wants. node:http has a list.'
export const MAX_BODY =
  'The length is above maxBodyBytes, and is refused before anything is read; node:http has no such limit.'
export const DIGITS = 'However many digits a length has, it is too long: 413 and not 400.'
export const ZEROS = 'Digits have a limit, so that no parser can count past its end.'
export const TAB =
  'White space around a value is no part of it (RFC 9110, 5.5); node:http takes the tab for one.'
export const KEEP_ALIVE_1_0 =
  'node:http closes behind an empty answer to HTTP/1.0, whatever was asked for; here it has a length, and the connection stays.'
export const UNKNOWN_CODING =
  'A coding that nobody here knows is 501 (RFC 9112, 6.1); node:http calls the handler, and then breaks the body off.'
export const EARLY =
  'The head alone is wrong, so no handler is called; node:http calls it, and then breaks the body off.'
export const LAST_CODING =
  'Only `chunked` alone is taken: whoever reads the list from its other end sees another message. node:http looks at its end.'
export const EXTENSION_STATUS =
  '400 for all that is wrong in chunks; node:http has a status for long extensions.'
export const CHUNK_DIGITS = 'A size has at most 12 digits: more is no chunk, and is not waited for.'
export const TRAILER =
  'What says how a message is framed, or whose it is, cannot come behind it (RFC 9110, 6.5.1).'
export const COUNT =
  'Fields have a limit of their own, maxHeaders; node:http cuts off what is above its limit of 2000, and says nothing.'
export const ASTERISK = '`*` is for OPTIONS alone (RFC 9112, 3.2.4).'
export const VERSION = '505 for a version that is not spoken here (RFC 9110, 15.6.6).'
export const MINOR = 'A higher minor version is read as 1.1 (RFC 9110, 2.5).'
export const EMPTY_LINES =
  'One empty line, CR LF and nothing else, may come before a request (RFC 9112, 2.2).'
export const SPACES =
  'One space stands between the parts of a request line (RFC 9112, 3): others cut it elsewhere.'
export const NO_VERSION =
  'HTTP/0.9 is not spoken, and so no handler is called; node:http calls it, and refuses what follows.'
export const RTSP = 'RTSP is another protocol; node:http hands it to the handler.'
export const CLOSED =
  'It reads nothing behind the last request of a connection; node:http answers that with 400.'
export const TWO_HOSTS = 'One Host, and no other (RFC 9112, 3.2): the next server may take the other one.'
export const BAD_HOST = 'A Host that is none is 400 (RFC 9112, 3.2); node:http leaves it to the handler.'
export const BAD_TARGET =
  'Of the four forms of a target, it is none (RFC 9112, 3.2); node:http leaves it to the handler.'
export const TARGET_LENGTH = 'Targets have a limit of their own, maxTargetBytes, and a status of their own.'
export const PROXY_CONNECTION =
  'Proxy-Connection means nothing (RFC 9112, C.2.2); node:http takes it for Connection.'
export const EXPECT =
  'An expectation that is not known is refused, and the connection closes: whether a body comes is not known.'
export const CONNECT =
  'node:http closes without a word where nobody listens for CONNECT. Here the handler answers, and the connection closes behind that.'
export const UPGRADE =
  'An upgrade that is not granted changes nothing (RFC 9110, 7.8); node:http reads no further behind it.'
export const ORDER = 'Answers go out before what follows is refused; node:http drops those that wait.'

/** With these, and no others, ours takes what node:http does not. */
export const LAX: ReadonlySet<string> = new Set([
  METHOD,
  TAB,
  KEEP_ALIVE_1_0,
  MINOR,
  PROXY_CONNECTION,
  CONNECT,
  UPGRADE,
])
