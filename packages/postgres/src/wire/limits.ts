/** What a server may make us allocate, unless an option says otherwise. */

/** One message. PostgreSQL itself allows 1 GiB; a row is seldom more than a few MiB. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
