// Copied to a folder whose node_modules has the package, and no @shrapnel/tls: what becomes of each sslMode.
import { openBackend } from './node_modules/@shrapnel/postgres/dist/connect/open-backend.js'
import { resolveConnect } from './node_modules/@shrapnel/postgres/dist/connect/resolve-connect.js'

const outcomes = {}
for (const sslMode of ['prefer', 'allow', 'disable', 'require', 'verify-full']) {
  const options = { host: '127.0.0.1', port: Number(process.argv[2]), user: 'u', sslMode }
  try {
    const backend = await openBackend(resolveConnect(options, { environment: { HOME: '/nonexistent-home' } }))
    backend.stream.close()
    outcomes[sslMode] = 'in'
  } catch (error) {
    outcomes[sslMode] = error.code
  }
}
console.log(JSON.stringify(outcomes))
