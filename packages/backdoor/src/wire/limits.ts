/** What a peer may make us hold before it has said anything sensible. */

/** RFC 855 sets no bound on what stands between SB and SE. The one that matters here, the window size, has 4 bytes. */
export const MAX_SUBNEGOTIATION_BYTES = 512

/** The answer to "where is the cursor" is `ESC [ row ; column R`: two numbers of at most 5 digits. */
export const MAX_CURSOR_REPORT_BYTES = 14
