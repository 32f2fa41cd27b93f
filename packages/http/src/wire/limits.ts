/** What a peer may make us allocate, unless an option says otherwise. */

/** The request line and all header fields. Servers of the field allow 8 to 32 KiB. */
export const MAX_HEAD_BYTES = 16_384
