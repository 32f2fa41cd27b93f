/** What a message may be at most. These come from the protocol itself: no option makes them larger. */

/** Streams send the length in two bytes (RFC 1035, 4.2.2), and UDP has no more either. */
export const MAX_MESSAGE_BYTES = 65_535
/** Without EDNS (RFC 1035, 4.2.1). */
export const MAX_PLAIN_UDP_BYTES = 512
/** RFC 1035, 2.3.4. */
export const MAX_LABEL_BYTES = 63
/** With the length of each label and the empty one at the end (RFC 1035, 2.3.4). */
export const MAX_NAME_BYTES = 255
/** Of a character string (RFC 1035, 3.3). */
export const MAX_STRING_BYTES = 255
/** Every honest pointer comes after a label at least, and no name has more labels than this. */
export const MAX_COMPRESSION_HOPS = 127
/** How far a compression pointer reaches: fourteen bits. */
export const MAX_POINTER_TARGET = 0x3fff
/** The largest time to live, in seconds; a larger one counts as 0 (RFC 2181, 8). */
export const MAX_TTL_SECONDS = 0x7fff_ffff
