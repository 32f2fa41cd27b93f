/** Forms out of any body: part by part, or gathered. */
import type { ReceivedBody } from '../body/received-body.js'
import { parseParameters } from '../wire/parameters.js'
import { badSyntax, pastLimit } from '../wire/refusals.js'
import { decodeUrlencoded } from '../wire/urlencoded.js'
import { type FormLimits, type FormSettings, formSettings } from './limits.js'
import { FormParts } from './parts.js'

/** What `Body.parts` gives. */
export function partsOf(body: ReceivedBody, limits: FormLimits = {}): FormParts {
  return new FormParts(body, formSettings(limits))
}

/** What `Body.formData` gives. */
export async function formOf(body: ReceivedBody, limits: FormLimits = {}): Promise<FormData> {
  const settings = formSettings(limits)
  try {
    const { value: type } = parseParameters(body.contentType ?? '', 'a Content-Type')
    if (type === 'multipart/form-data') return await gather(new FormParts(body, settings), settings)
    if (type !== 'application/x-www-form-urlencoded') throw badSyntax('the body is no form', 415)
    return decodePairs(await urlencodedBytes(body, settings), settings)
  } catch (error) {
    throw body.blame(error)
  }
}

function decodePairs(bytes: Buffer, { maxParts }: FormSettings): FormData {
  const form = new FormData()
  for (const [name, value] of decodeUrlencoded(bytes, maxParts)) form.append(name, value)
  return form
}

async function urlencodedBytes(body: ReceivedBody, { maxMemoryBytes }: FormSettings): Promise<Buffer> {
  const { length } = body
  if (length !== undefined && length > maxMemoryBytes) throw tooLarge()
  // An announced length is checked before anything is received; of chunks it is the body's own limit that counts first.
  return length !== undefined ? body.bytes() : body.bytes({ maxBytes: maxMemoryBytes })
}

async function gather(parts: FormParts, settings: FormSettings): Promise<FormData> {
  const form = new FormData()
  let left = settings.maxMemoryBytes
  for await (const { name, filename, type, body } of parts) {
    left -= name.length + (filename?.length ?? 0)
    const limit = filename === undefined ? settings.maxFieldBytes : settings.maxFileBytes
    const bytes = await body.bytes({ maxBytes: Math.max(0, Math.min(left, limit)) }).catch((error) => {
      throw (error as { limit?: string }).limit === 'maxBytes' && left < limit ? tooLarge() : error
    })
    left -= bytes.length
    if (filename === undefined) form.append(name, bytes.toString('utf8'))
    else form.append(name, new File([bytes], filename, { type }))
  }
  return form
}

function tooLarge(): Error {
  return pastLimit('maxMemoryBytes', 413, 'the form is longer')
}
