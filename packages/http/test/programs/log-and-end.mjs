// Writes to the log that is named and ends at once: all of it has to be there.
import { yieldSlice } from '@shrapnel/core'
import { LogFile } from '@shrapnel/http'

const log = new LogFile(process.argv[2])
log.write('early\n')
await yieldSlice()
await yieldSlice()
log.write('late\n')
process.exit(0)
