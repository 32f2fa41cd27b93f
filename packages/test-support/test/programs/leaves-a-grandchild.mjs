// Ends at once, but leaves a grandchild that holds the output pipe; prints its pid.
import { spawn } from 'node:child_process'

const grandchild = spawn('sleep', ['30'], { stdio: ['ignore', 'inherit', 'inherit'] })
console.log(grandchild.pid)
grandchild.unref()
process.exit(0)
