/** Why node:http or undici see an answer otherwise, where they do. */

export const TAB =
  'White space around a value is no part of it (RFC 9110, 5.5); undici, and node:http up to Node 20, take the tab for a digit.'
export const DIGITS =
  'A length of more than 15 digits is no number to count to: it is refused, and not waited for.'
export const ZEROS = 'Digits have a limit, so that no parser can count past its end.'
export const BEHIND =
  'The answer is all here, and is handed over; what is behind it belongs to nobody, and the connection closes. node:http takes the answer back, if both come in one piece.'
export const CHUNKED_ALONE =
  'Only `chunked` alone is taken: whoever reads the list from its other end sees another message. The others look at its end, undo no coding, and hand over bytes as if there were none.'
export const UNKNOWN_CODING =
  'A coding that nobody here knows cannot be undone (RFC 9112, 6.1): the others hand over the coded bytes as the body.'
export const OLD_CHUNKS =
  'HTTP/1.0 has no transfer codings, and whoever sends one is to be suspected (RFC 9112, 6.1).'
export const EXTENSION = 'Extensions have a limit; undici reads any number of bytes that mean nothing.'
export const CHUNK_DIGITS = 'A size has at most 12 digits: more is no chunk, and is not waited for.'
export const TRAILER = 'What says how a message is framed cannot come behind it (RFC 9110, 6.5.1).'
export const CONTROL = 'A reason has no control bytes (RFC 9112, 4); the others leave them in.'
export const LINE_LENGTH = 'The status line is of the head, and counts; undici counts fields alone.'
export const EMPTY_LINE =
  'Empty lines may come before a request, and not before a response (RFC 9112, 2.2): they are left over from something else.'
export const MINOR = 'A higher minor version is read as 1.1 (RFC 9110, 2.5).'
export const VERSION =
  'No version that is spoken here, and so no answer; the others close behind it, but take its fields for those of HTTP/1.'
export const STATUS =
  'A status is at least 100 (RFC 9110, 15): a program that counts by hundreds is not surprised.'
export const WHITE_SPACE =
  'White space behind a value is no part of it (RFC 9110, 5.5); undici leaves it there.'
export const JOINED = 'Values are joined by a comma and a space, as in node:http; undici gives a list.'
export const COUNT = 'Fields have a limit of their own, maxHeaders; the others count their bytes alone.'
export const HEAD_BYTES = 'maxHeadBytes is 64 KiB for a response; the others have 16 KiB.'
export const NO_BODY =
  'Such an answer has no body, whatever its fields say (RFC 9112, 6.3). The others look for one, and break the answer off. What comes behind closes the connection.'
export const HEAD_CLOSES =
  'An answer to HEAD ends with its head (RFC 9112, 6.3), and the connection goes on; the others do not trust it.'
export const CONTINUE =
  '100 may come whether it was asked for or not (RFC 9110, 15.2); undici closes the connection.'
export const INTERIM_CLOSE =
  'The answer counts, and the connection closes behind it; the others take the interim one for the last, and what follows for too much.'
export const INTERIM_OLD =
  'HTTP/1.0 has no interim answers, but nothing else can be meant; node:http takes it for the last of its connection.'
export const FLOOD = 'A hundred interim answers are enough: more of them are no answer.'
export const UPGRADE =
  'Nobody asked for another protocol, so none is spoken (RFC 9110, 7.8): it is no answer. node:http hands the connection over.'
export const PROXY_CONNECTION =
  'Proxy-Connection means nothing (RFC 9112, C.2.2); the others take it for Connection.'
export const IDLE =
  'What comes while nobody asks is no answer to the next request: the connection closes. node:http up to Node 20 drops the bytes, and goes on in the middle of whatever comes.'
export const HALF = 'Whatever is behind an answer closes the connection; node:http drops half an answer.'
export const LAST_LINE =
  'Whatever is behind an answer closes the connection, an empty line too: the server counts otherwise than we do.'
