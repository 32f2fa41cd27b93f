// Opens sockets where nobody may, as nobody if it can. (The superuser may everything.)
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unix } from '@shrapnel/core'

const folder = mkdtempSync(join(tmpdir(), 'shrapnel-'))
const open = unix.listen({ path: join(folder, 'open'), mode: 0o000 })
chmodSync(folder, 0o555)
if (process.getuid() === 0) process.seteuid(65_534)
try {
  unix.listen({ path: join(folder, 'new') })
} catch (error) {
  console.log(error.code, error.syscall)
}
try {
  await unix.connect(join(folder, 'open'))
} catch (error) {
  console.log(error.code, error.syscall)
}
if (process.getuid() === 0) process.seteuid(0)
open.close()
chmodSync(folder, 0o755)
rmSync(folder, { recursive: true })
