/** What this machine's own files may make us keep. */

/** A longer file is refused whole; what was read before stays. */
export const MAX_HOSTS_BYTES = 8 * 1024 * 1024
export const MAX_CONFIGURATION_BYTES = 64 * 1024
/** Addresses (lines) of a hosts file, and names on one line. The rest is left out and told as a problem. */
export const MAX_HOSTS_LINES = 262_144
export const MAX_NAMES_PER_LINE = 256
/** As glibc (MAXNS): the rest is left out. */
export const MAX_NAMESERVERS = 3
/** glibc has no limit and Kubernetes this one: each costs two queries for a name that is not there. */
export const MAX_SEARCH_DOMAINS = 32
/** Mistakes that are told; there may be as many as lines. */
export const MAX_PROBLEMS = 20
