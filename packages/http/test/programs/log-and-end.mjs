// Writes to a log on standard output and ends at once: all of it has to be there.
import { yieldSlice } from '@shrapnel/core'
import { LogFile } from '@shrapnel/http'

const log = new LogFile(1)
log.write('early\n')
await yieldSlice()
process.on('exit', () => {})
setImmediate(() => {
  log.write('late\n')
  process.exit(0)
})
