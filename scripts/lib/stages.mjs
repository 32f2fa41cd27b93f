/**
 * A command made of stages, each announced as `2/3 building…`. The first that fails ends the command with
 * its message; a stack trace would tell a user nothing that the message does not.
 */
import { checkNode } from './node-version.mjs'

/**
 * @typedef {readonly [title: string, work: () => Promise<void> | void]} Stage
 */

/**
 * @param {readonly Stage[]} stages
 * @returns {Promise<boolean>} whether all succeeded; what failed has been printed
 */
export async function runStages(stages) {
  for (const [index, [title, work]] of stages.entries()) {
    console.log(`${index + 1}/${stages.length} ${title}…`)
    try {
      checkNode()
      await work()
    } catch (error) {
      console.error(`\n${title} failed: ${error instanceof Error ? error.message : String(error)}`)
      return false
    }
  }
  return true
}
