import { SystemResolver, serve, zone } from '@shrapnel/dns'

const staff = zone(`
$ORIGIN corp.internal.
$TTL 60
@          SOA    ns hostmaster 1 7200 3600 1209600 60
@          NS     ns
ns         A      127.0.0.1
db         A      10.0.0.5
db         AAAA   fd00::5
*.apps     CNAME  db
_psql._tcp SRV    10 0 5432 db
`)

// One name is made up on the spot, the zone has the rest.
await using server = await serve({ port: 0 }, (query) =>
  query.question.name.toLowerCase() === 'now.corp.internal' && query.question.type === 'TXT'
    ? { answers: [{ ...query.question, type: 'TXT', ttl: 0, data: { strings: [Buffer.from('now')] } }] }
    : staff(query),
)

using resolver = new SystemResolver({ servers: [`127.0.0.1:${server.port}`] })
for (const { address } of await resolver.lookup('shop.apps.corp.internal', { family: 4 }))
  console.log(address)
for (const { host, port } of await resolver.service('_psql._tcp.corp.internal')) console.log(host, port)
const { records } = await resolver.resolve('now.corp.internal', 'TXT')
console.log(new TextDecoder().decode(records[0]?.data.strings[0]))
