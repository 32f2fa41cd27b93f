/** Values that are lists, with commas between (RFC 9110, 5.6.1). */

/** The elements, in small letters, without empty ones. */
export function listElements(value: string): string[] {
  const elements: string[] = []
  for (const part of value.split(',')) {
    const element = part.replace(/^[\t ]+|[\t ]+$/g, '').toLowerCase()
    if (element !== '') elements.push(element)
  }
  return elements
}
