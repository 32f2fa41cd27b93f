/** Where a password comes from, when a server asks for one: the options, a function of the program, or the password file. */
import { Interrupted, interruptible } from '@shrapnel/core'
import { PostgresError } from '../errors.js'
import type { Password, PasswordRequest } from './connect-options.js'
import type { Login } from './login.js'
import { findPassword } from './password-file.js'

/** Waits for the program's function or for the file. Throws PG_AUTH if there is none. */
export async function passwordFor({ resolved, place, hooks }: Login): Promise<string> {
  const { user, database, passwordFile } = resolved
  const host = place.kind === 'tcp' ? place.host : place.folder
  const request: PasswordRequest = { host, port: place.port, user, database }
  const given = resolved.password?.reveal()
  const password =
    given !== undefined && given !== ''
      ? await revealed(given, request)
      : passwordFile !== undefined
        ? await findPassword(passwordFile, request, hooks)
        : undefined
  if (password !== undefined && password !== '') return password
  const text =
    'the server asks for a password, and there is none: not in the options, the URL, PGPASSWORD or the password file'
  throw new PostgresError('PG_AUTH', text)
}

async function revealed(password: Password, request: PasswordRequest): Promise<string> {
  if (typeof password === 'string') return password
  let given: unknown
  try {
    given = await interruptible(Promise.resolve(password(request)))
  } catch (error) {
    if (error instanceof Interrupted) throw error
    throw new PostgresError('PG_AUTH', 'the function that gives the password failed', { cause: error })
  }
  if (typeof given === 'string') return given
  throw new PostgresError(
    'PG_OPTION',
    `the function that gives the password gave ${given === null ? 'null' : `a ${typeof given}`}`,
  )
}
