/** The numbers of telnet. They are what they are; nothing here decides. */

/** Commands, which follow IAC. RFC 854; EOF from RFC 1184. */
export const Command = {
  EOF: 236,
  SE: 240,
  NOP: 241,
  DATA_MARK: 242,
  BREAK: 243,
  INTERRUPT_PROCESS: 244,
  ABORT_OUTPUT: 245,
  ARE_YOU_THERE: 246,
  ERASE_CHARACTER: 247,
  ERASE_LINE: 248,
  GO_AHEAD: 249,
  SB: 250,
  WILL: 251,
  WONT: 252,
  DO: 253,
  DONT: 254,
  IAC: 255,
} as const

/** Options that we speak of: RFC 857, 858, 860, 1073. */
export const Option = { ECHO: 1, SUPPRESS_GO_AHEAD: 3, TIMING_MARK: 6, WINDOW_SIZE: 31 } as const

export type Verb = 'will' | 'wont' | 'do' | 'dont'

/** The four ways to speak of an option. RFC 855. */
export const VERBS: Readonly<Record<number, Verb>> = {
  [Command.WILL]: 'will',
  [Command.WONT]: 'wont',
  [Command.DO]: 'do',
  [Command.DONT]: 'dont',
}
