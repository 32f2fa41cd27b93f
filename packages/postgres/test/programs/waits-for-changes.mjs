// Nothing in it waits but for a replication to begin, and to end.
import { replicate } from '@shrapnel/postgres'

const changes = replicate(process.argv[2], { slot: 'waits', publications: ['nobodys'], temporary: true })
await changes.ready()
console.log('ready')
await changes.close()
console.log('closed')
