/** A command line that cannot be understood. Its message is for the one who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
