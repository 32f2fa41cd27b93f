/** What a server says beside its answer or refusal (RFC 8914). */
import type { DnsFacts } from './errors.js'
import type { Message } from './wire/index.js'

export function extendedErrorOf({ edns }: Message): DnsFacts['extendedError'] {
  const option = edns?.options.find((each) => each.option === 'EXTENDED-ERROR')
  return option === undefined ? undefined : { infoCode: option.infoCode, text: option.text }
}
