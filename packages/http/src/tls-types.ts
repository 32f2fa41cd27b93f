/**
 * The types of the optional peer @shrapnel/tls. Where that is not installed they are `any`, and declarations are checked without a
 * complaint all the same: the comment goes into them, which is why it is one of this form, on this one line.
 */

// biome-ignore format: the comment is for the line behind it
// biome-ignore lint/suspicious/noTsIgnore: it is no error where the package is
/** @ts-ignore: it is optional */
export type { ClientOptions as TlsClientOptions, ListenOptions as TlsListenOptions, TlsError, TlsFacts } from '@shrapnel/tls'
