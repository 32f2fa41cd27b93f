/**
 * IPv4 addresses in all the forms that getaddrinfo takes (inet_aton(3)): `127.1`, `0x7f.0.0.1`, `017700000001`, `2130706433`.
 * Everything that is written so is an address and never a name.
 */

/** The address as four decimal numbers, or undefined. */
export function parseLooseIPv4(text: string): string | undefined {
  // Nothing but digits, `x` and dots can be one; most hosts are not.
  if (!/^\d[\da-fx.]*$/i.test(text)) return undefined
  const parts = text.split('.')
  if (parts.length > 4) return undefined
  let value = 0
  for (let i = 0; i < parts.length; i++) {
    const number = parsePart(parts[i] as string)
    // The last part fills what is left of the four bytes.
    const room = i === parts.length - 1 ? 256 ** (4 - i) : 256
    if (number === undefined || number >= room) return undefined
    value += i === parts.length - 1 ? number : number * 256 ** (3 - i)
  }
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}

/** Octal with a leading 0, hexadecimal with `0x`. */
function parsePart(part: string): number | undefined {
  if (/^0x[\da-f]{1,16}$/i.test(part)) return Number.parseInt(part, 16)
  if (/^0[0-7]{0,24}$/.test(part)) return Number.parseInt(part, 8)
  return /^[1-9]\d{0,15}$/.test(part) ? Number(part) : undefined
}
