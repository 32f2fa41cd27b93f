/** Certificates, keys and lists as they are given: PEM, or DER in a Uint8Array, which becomes PEM here. */
import { outOfRange, wrongType } from '@shrapnel/core/parts'

export type Pem = string | Uint8Array

/** How DER of a SEQUENCE begins. No PEM does. */
const SEQUENCE = 0x30
const OBJECT_IDENTIFIER = 0x06

function pemBytes(name: string, value: unknown): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value)
  if (value instanceof Uint8Array) return value
  throw wrongType(name, 'PEM text or a Uint8Array', value)
}

/** A private key, as it is or, encrypted in DER, as PEM. */
export function pemKey(name: string, value: unknown): Uint8Array {
  const bytes = pemBytes(name, value)
  return isEncryptedKey(bytes) ? asPem(bytes, 'ENCRYPTED PRIVATE KEY') : bytes
}

/** EncryptedPrivateKeyInfo (RFC 5958, 3) begins with the algorithm, and so with its name; all other keys begin with a version. */
function isEncryptedKey(bytes: Uint8Array): boolean {
  const algorithm = contentAt(bytes, 0)
  const name = contentAt(bytes, algorithm)
  return bytes[0] === SEQUENCE && bytes[algorithm] === SEQUENCE && bytes[name] === OBJECT_IDENTIFIER
}

/** Where the content begins of the DER value that begins at `at`: behind its tag and its length, which has a length if it is long. */
function contentAt(bytes: Uint8Array, at: number): number {
  const length = bytes[at + 1] ?? 0
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f)
}

/** One or several, as one PEM text. `label`: what one is in PEM, as `CERTIFICATE`. */
export function pemList(name: string, value: unknown, label: string): Uint8Array {
  if (!Array.isArray(value)) return asPem(pemBytes(name, value), label)
  if (value.length === 0) throw outOfRange(name, 'a list that is not empty', '[]')
  const texts = value.map((each) => asPem(pemBytes(`each of ${name}`, each), label))
  return Buffer.concat(texts.flatMap((text) => [text, Buffer.from('\n')]))
}

function asPem(bytes: Uint8Array, label: string): Uint8Array {
  if (bytes[0] !== SEQUENCE) return bytes
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return Buffer.from(`-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`)
}
