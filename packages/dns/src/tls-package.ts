/** `@shrapnel/tls`, an optional peer: it is loaded by whoever uses it, and whoever has not got it is told what to install. */
import { interruptible } from '@shrapnel/core'

export async function loadTls(): Promise<typeof import('@shrapnel/tls').tls> {
  try {
    return (await interruptible(import('@shrapnel/tls'))).tls
  } catch (cause) {
    const { code } = cause as { readonly code?: unknown }
    if (code !== 'ERR_MODULE_NOT_FOUND') throw cause
    const error = new Error(
      'DNS over TLS needs @shrapnel/tls beside this package: npm install @shrapnel/tls',
      {
        cause,
      },
    )
    throw Object.assign(error, { code })
  }
}
