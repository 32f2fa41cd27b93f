/** A certificate for the time that the program runs: signed by itself, so browsers ask whether it is to be trusted. */
import { interruptible } from '@shrapnel/core'
import { generate } from 'selfsigned'

const ONE_DAY_MS = 86_400_000

export async function throwawayCertificate(): Promise<{ readonly cert: string; readonly key: string }> {
  const { cert, private: key } = await interruptible(
    generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      curve: 'P-256',
      algorithm: 'sha256',
      notAfterDate: new Date(Date.now() + 30 * ONE_DAY_MS),
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: 'localhost' },
            { type: 7, ip: '127.0.0.1' },
            { type: 7, ip: '::1' },
          ],
        },
      ],
    }),
  )
  return { cert, key }
}
