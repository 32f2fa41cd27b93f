import { dns } from '@shrapnel/dns'

// As this machine finds names: hosts file, search list, IPv4 and IPv6 at once, best first.
for (const { address, family } of await dns.lookup('example.com')) console.log(`IPv${family} ${address}`)

// Records of the name itself, with their time to live.
const { records } = await dns.resolve('example.com', 'MX')
for (const { data, ttl } of records) console.log(`${data.preference} ${data.exchange}, for ${ttl} s`)
