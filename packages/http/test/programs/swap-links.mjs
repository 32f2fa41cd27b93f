// Points the link at its first argument to its other arguments in turn, as fast as it can, until its standard input ends.
import { renameSync, symlinkSync } from 'node:fs'

const [, , link, ...targets] = process.argv
let round = 0
const swap = () => {
  for (let i = 0; i < 50; i++) {
    symlinkSync(targets[round++ % targets.length], `${link}.new`)
    renameSync(`${link}.new`, link)
  }
  setImmediate(swap)
}
process.stdin.on('end', () => process.exit(0)).resume()
swap()
