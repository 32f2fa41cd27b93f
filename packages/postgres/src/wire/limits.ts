/** What a server may make us allocate, unless an option says otherwise. */

/** One message. PostgreSQL itself allows 1 GiB; a row is seldom more than a few MiB. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
/** One message before the server has shown who it is: an error, a parameter, a challenge. libpq allows as much. */
export const MAX_STARTUP_MESSAGE_BYTES = 30_000
/** The columns of a result. PostgreSQL's own limit. */
export const MAX_COLUMNS = 1664
/** The parameters of a statement: a count of two bytes. */
export const MAX_PARAMETERS = 65_535
/** The fields of an error or a notice. PostgreSQL has 18 letters in use. */
export const MAX_REPORT_FIELDS = 64
/** The mechanisms that a server offers for SASL. */
export const MAX_SASL_MECHANISMS = 32
/** The options of the start-up message that a server says it does not know. */
export const MAX_UNKNOWN_OPTIONS = 256
/** A cancel key (protocol 3.2). */
export const MAX_SECRET_KEY_BYTES = 256
export const MIN_SECRET_KEY_BYTES = 4
/** The dimensions of an array. PostgreSQL's own limit. */
export const MAX_ARRAY_DIMENSIONS = 6
/** The rounds of PBKDF2 that a server may ask for: about half a second. PostgreSQL's default is 4096. */
export const MAX_SCRAM_ITERATIONS = 1_000_000
/** The relations that a replication stream may describe and that are kept. */
export const MAX_RELATIONS = 65_536
/** Composites, records and arrays inside of one another. A record says itself what is in it, so a server could go on for ever. */
export const MAX_VALUE_DEPTH = 32
/** One row of COPY. */
export const MAX_COPY_ROW_BYTES = 64 * 1024 * 1024
