/** What the service tells people instead of an answer. Each has a status for HTTP and a code for programs. */

export type FailureCode = 'INVALID' | 'NOT_FOUND' | 'TOO_MANY' | 'DATABASE_AWAY' | 'DISK_FULL'

export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: FailureCode
  readonly status: number

  constructor(code: FailureCode, status: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.status = status
  }
}

export function invalid(message: string): Failure {
  return new Failure('INVALID', 422, message)
}

export function notFound(message: string): Failure {
  return new Failure('NOT_FOUND', 404, message)
}

export function tooMany(): Failure {
  return new Failure('TOO_MANY', 429, 'That was a lot at once. Wait a little.')
}

export function databaseAway(cause?: unknown): Failure {
  return new Failure(
    'DATABASE_AWAY',
    503,
    'The database is away. It is tried again and again; so may you.',
    cause,
  )
}

export function diskFull(cause?: unknown): Failure {
  return new Failure(
    'DISK_FULL',
    507,
    'The disk is full: nothing new can be kept, but all that is here can be read.',
    cause,
  )
}
