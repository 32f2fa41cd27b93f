// Makes a certificate authority, says where, and ends in the way that its argument says without closing it.
import { makeCertificateAuthority } from '@shrapnel/test-support'

const authority = await makeCertificateAuthority()
process.stdout.write(`${authority.folder}\n`, () => {
  if (process.argv[2] === 'be killed') process.kill(process.pid, 'SIGKILL')
  if (process.argv[2] === 'throw') throw new Error('on purpose')
  process.exit()
})
