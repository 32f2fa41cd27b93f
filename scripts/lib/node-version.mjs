/** The oldest Node that the whole repository supports, checked before anything is fetched. */

const OLDEST = [20, 19]

export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return
  throw new Error(`Node ${OLDEST.join('.')} or later is needed; this is ${version}`)
}
