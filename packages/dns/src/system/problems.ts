/** What is wrong with a file that was read all the same. The first ones are kept, for people. */
import { MAX_PROBLEMS } from './limits.js'

export class Problems {
  readonly list: string[] = []

  add(line: number, text: string): void {
    if (this.list.length < MAX_PROBLEMS) this.list.push(`line ${line}: ${text}`)
  }
}
