/** For tests of programs that use this package. */
export type { Clock } from './runtime/clock.js'
export { useClock } from './runtime/timers.js'
