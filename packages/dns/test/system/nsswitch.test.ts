import { expect, test } from 'vitest'
import { parseNsswitch } from '../../src/system/nsswitch.js'

const rows: readonly (readonly [line: string, sources: readonly string[], finals: readonly string[]])[] = [
  ['', ['files', 'dns'], []],
  ['hosts: files dns', ['files', 'dns'], []],
  ['hosts:\tdns files # comment', ['dns', 'files'], []],
  ['passwd: files\nhosts: dns', ['dns'], []],
  ['# hosts: dns', ['files', 'dns'], []],
  ['hosts: files mdns4_minimal [NOTFOUND=return] dns myhostname', ['files', 'dns'], []],
  ['hosts: files [NOTFOUND=return] dns', ['files', 'dns'], ['files']],
  ['hosts: files [ notfound = return ] dns', ['files', 'dns'], ['files']],
  ['hosts: dns [!UNAVAIL=return] files', ['dns', 'files'], ['dns']],
  ['hosts: dns [SUCCESS=return UNAVAIL=return] files', ['dns', 'files'], []],
  ['hosts: files[NOTFOUND=return] dns', ['files', 'dns'], ['files']],
  ['hosts: mymachines resolve', ['files', 'dns'], []],
]
test.each(rows)('%j has the sources %j, and stops after %j', (text, sources, finals) => {
  const order = parseNsswitch(text)
  expect(order.sources).toEqual(sources)
  expect([...order.finals]).toEqual(finals)
})
