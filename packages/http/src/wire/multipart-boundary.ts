/** The boundary of a multipart body: read out of a Content-Type, or made (RFC 2046, 5.1.1). */
import { randomBytes } from 'node:crypto'
import { MAX_BOUNDARY_BYTES } from './multipart-limits.js'
import { parseParameters } from './parameters.js'
import { badSyntax } from './refusals.js'

const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]*[0-9A-Za-z'()+_,\-./:=?]$/

/** Throws `HTTP_SYNTAX`: status 415 where it is no multipart/form-data, 400 where its boundary is none. */
export function boundaryOf(contentType: string | undefined): string {
  const { value, parameters } = parseParameters(contentType ?? '', 'a Content-Type')
  if (value !== 'multipart/form-data') throw badSyntax('the body is no multipart/form-data', 415)
  const boundary = parameters.get('boundary')
  if (boundary === undefined) throw badSyntax('multipart/form-data without a boundary')
  checkBoundary(boundary)
  return boundary
}

export function checkBoundary(boundary: string): void {
  if (boundary.length > MAX_BOUNDARY_BYTES || !BOUNDARY.test(boundary))
    throw badSyntax('multipart/form-data with a boundary that cannot be one')
}

/** 144 bits of chance: no file has it in it. */
export function randomBoundary(): string {
  return `shrapnel-${randomBytes(18).toString('hex')}`
}
