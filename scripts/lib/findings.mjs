/** How a check of ours ends: it prints what it found, one line each, and fails if that was anything. */

/** @param {readonly string[]} findings */
export function report(findings) {
  for (const finding of findings) console.error(finding)
  if (findings.length > 0) process.exitCode = 1
}
