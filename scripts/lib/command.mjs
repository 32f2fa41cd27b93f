/**
 * Starting other programs. Telemetry and update notices of every tool are off in all of them. A signal that
 * ends this process ends the child too, because npm hands a signal to its direct child only.
 */
import { spawn } from 'node:child_process'
import { ROOT } from './root.mjs'

const QUIET_TOOLS = {
  DO_NOT_TRACK: '1',
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  NO_UPDATE_NOTIFIER: '1',
  npm_config_update_notifier: 'false',
  npm_config_fund: 'false',
  npm_config_audit: 'false',
  // Tools inside turbo cannot see that our output goes to a file.
  ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
}

/** @type {readonly NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * @typedef {object} Outcome
 * @property {number} code    exit code; 128 + signal number is not used, a signal counts as 1
 * @property {string} output  stdout and stderr together, in the order they came; empty unless captured
 *
 * @typedef {object} CommandOptions
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env]  added to the environment
 * @property {'inherit' | 'capture' | 'stderr'} [output] `stderr`: what the program prints goes to our stderr
 */

/**
 * @param {string} program @param {readonly string[]} args @param {CommandOptions} [options]
 * @returns {Promise<Outcome>} rejects only if the program cannot be started
 */
export function run(program, args, { cwd = ROOT, env = {}, output = 'inherit' } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...QUIET_TOOLS, ...env },
      stdio:
        output === 'capture'
          ? ['ignore', 'pipe', 'pipe']
          : ['inherit', output === 'stderr' ? 2 : 'inherit', 'inherit'],
    })
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk) => (text += chunk))
    child.stderr?.setEncoding('utf8').on('data', (chunk) => (text += chunk))
    const forward = (/** @type {NodeJS.Signals} */ signal) => {
      // A terminal gives ^C to every program in it. A second one could mean "at once" to the child.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    }
    for (const signal of SIGNALS) process.on(signal, forward)
    const settle = (/** @type {() => void} */ settled) => {
      for (const signal of SIGNALS) process.off(signal, forward)
      settled()
    }
    child.once('error', (error) => settle(() => reject(error)))
    child.once('close', (code) => settle(() => resolve({ code: code ?? 1, output: text })))
  })
}
