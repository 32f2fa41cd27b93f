/**
 * Runs contestants in turns, A B C, B C A, …: what disturbs the machine for a while disturbs all of them alike, and
 * nobody always runs after the same neighbour.
 */

export interface Contestant<Sample> {
  readonly name: string
  measure(): Promise<Sample>
}

/** One sample per contestant and round, in the order of the rounds. */
export async function interleave<Sample>(
  contestants: readonly Contestant<Sample>[],
  rounds: number,
  onTurn: (round: number, name: string) => void = () => {},
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(contestants.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const first = round % contestants.length
    for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      onTurn(round, contestant.name)
      samples.get(contestant.name)?.push(await contestant.measure())
    }
  }
  return samples
}

/** Picks one figure out of samples that hold several. */
export function pick<Sample>(
  samples: ReadonlyMap<string, readonly Sample[]>,
  figure: (sample: Sample) => number,
): Map<string, number[]> {
  return new Map([...samples].map(([name, list]) => [name, list.map(figure)]))
}
