/** What a supervisor tells of. */

export interface PreforkEvent {
  readonly type:
    | 'started'
    | 'ready'
    | 'ended'
    | 'pausing'
    | 'reloading'
    | 'reloaded'
    | 'reload-failed'
    | 'draining'
    | 'accept-failed'
    | 'stopped'
  /** One line for people. */
  readonly message: string
  /** True: something that should not happen. */
  readonly isProblem: boolean
  /** The worker's number, from 0, and its process; where it is about one. */
  readonly worker?: number
  readonly pid?: number
}
