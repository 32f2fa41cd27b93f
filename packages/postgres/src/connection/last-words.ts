/** What a server says before it closes the connection, for whoever is told of the end. */
import { PostgresError } from '../errors.js'
import type { ServerReport } from '../wire/backend-message.js'

export class LastWords {
  readonly #target: string
  #report: ServerReport | undefined

  constructor(target: string) {
    this.#target = target
  }

  /** With nothing under way whatever it reports is one: that it shuts down, that somebody has ended this session. */
  hear(report: ServerReport, isIdle: boolean): void {
    if (isIdle || report.severity === 'FATAL' || report.severity === 'PANIC') this.#report = report
  }

  /** The server has closed. */
  closed(isInsideMessage: boolean): PostgresError {
    if (this.#report !== undefined) return this.#ended(this.#report)
    const where = isInsideMessage ? ' in the middle of a message' : ''
    return new PostgresError('PG_BROKEN', `${this.#target} closed the connection${where}`)
  }

  /** A loss, with the reason if the server gave one. */
  explain(loss: PostgresError): PostgresError {
    const report = this.#report
    if (loss.code !== 'PG_BROKEN' || loss.report !== undefined || report === undefined) return loss
    return this.#ended(report, loss)
  }

  #ended(report: ServerReport, cause?: PostgresError): PostgresError {
    const text = `${this.#target} ended the connection: ${report.message}`
    return new PostgresError('PG_BROKEN', text, { report, cause })
  }
}
