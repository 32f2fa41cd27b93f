/** A prompt inside the running program. The public names. */

export { BackdoorError, type BackdoorErrorCode } from './errors.js'
export type { ServeOptions } from './options.js'
export { type BackdoorServer, serve } from './server.js'
export type { Session } from './session.js'
export type { TerminalKind } from './terminal.js'
