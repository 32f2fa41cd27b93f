/** The build step for the native programs. Without Linux or a compiler the benchmarks that need none still work. */
import { buildNative, problemWithNative } from './native-build.js'

const problem = problemWithNative()
if (problem === undefined) buildNative()
else console.error(`bench: ${problem}`)
