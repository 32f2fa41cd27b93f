/** The errors of what a peer sent. Those without a status are a server's answers: a client answers nobody. */
import { HttpError } from '../errors.js'
import { CR, describeByte, LF } from './characters.js'

export function badSyntax(text: string, status = 400): HttpError {
  return new HttpError('HTTP_SYNTAX', text, { status })
}

export function pastLimit(limit: string, status: number, text: string): HttpError {
  return new HttpError('HTTP_LIMIT', `${text} than ${limit} allows`, { status, limit })
}

/** `byte` stands where it cannot. */
export function badByte(byte: number, where: string): HttpError {
  if (byte === LF) return badSyntax(`a bare LF in ${where}`)
  if (byte === CR) return badSyntax(`a bare CR in ${where}`)
  return badSyntax(`${describeByte(byte)} in ${where}`)
}
