// Looks a name up, by a resolver of its own and by that of the process, and has nothing else to do.
import { dns, SystemResolver } from '@shrapnel/dns'

const [resolvConf, port] = process.argv.slice(2)
const resolver = new SystemResolver({ paths: { resolvConf }, port: Number(port) })
const show = (found) => console.log(found.map(({ address }) => address).join(' '))
show(await resolver.lookup('www.example.', { order: 'verbatim' }))
show(await dns.lookup('localhost', { family: 4 }))
