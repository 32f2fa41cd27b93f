/** The goals that a case is held to, with their wording and their verdict. Pure; a missed target fails nothing. */
import type { CaseReport } from './benchmark.js'

export interface Target {
  readonly text: string
  /** Undefined if the figures it needs are not there, because a peer is not installed. */
  isMet(report: CaseReport): boolean | undefined
}

/** Ours is at least `factor` times as good as `peer`. */
export function ratioAtLeast(peer: string, factor: number): Target {
  return {
    text: `at least ${factor} times ${peer}`,
    isMet: ({ ratios }) => (ratios[peer] === undefined ? undefined : ratios[peer] >= factor),
  }
}

/** Where less is better: ours is at most `factor` times as much as `peer`'s. */
export function costAtMost(peer: string, factor: number): Target {
  return {
    text: `at most ${factor} times ${peer}'s`,
    isMet: ({ ratios }) => (ratios[peer] === undefined ? undefined : ratios[peer] >= 1 / factor),
  }
}

export function oursAtLeast(value: number, unit: string): Target {
  return {
    text: `at least ${value.toLocaleString('en')} ${unit}`,
    isMet: ({ results }) => (results.ours === undefined ? undefined : results.ours.median >= value),
  }
}

export function oursAtMost(value: number, unit: string): Target {
  return {
    text: `at most ${value.toLocaleString('en')} ${unit}`,
    isMet: ({ results }) => (results.ours === undefined ? undefined : results.ours.median <= value),
  }
}
