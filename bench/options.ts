/** What `npm run bench` was asked for. */
import { parseArgs } from 'node:util';

/** The parts of a run, by the letter that the report gives them. */
export const PARTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'generators'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  readonly parts: ReadonlySet<Part>;
  /** Short rounds and few of them: for a look while one works, not for the record. */
  readonly quick: boolean;
  /** Takes CPU profiles of the processes under load and prints where their time goes. */
  readonly profile: boolean;
  /** Writes report, table and plot to `bench/README.md` and `bench/results/`. */
  readonly write: boolean;
  /** Rounds of alternating measurements. */
  readonly rounds: number;
}

export const USAGE = `npm run bench -- [options]
  --only a,b   only these parts: ${PARTS.join(', ')} (default: all but generators)
  --quick      about half a minute for a and b
  --rounds N   alternating rounds (default 7, quick 3)
  --profile    CPU profiles of API, worker and executor, by package
  --write      writes report, table and plot to bench/README.md and bench/results/`;

/** @throws Error with the usage for words that mean nothing */
export function readOptions(words: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string', default: 'a,b,c,d,e,f,g,h,i,j' },
      quick: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      rounds: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 7));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(USAGE);
  const parts = new Set(values.only.split(',').map(toPart));
  return { parts, quick: values.quick, profile: values.profile, write: values.write, rounds };
}

function toPart(word: string): Part {
  const part = PARTS.find((known) => known === word.trim());
  if (part === undefined) throw new Error(USAGE);
  return part;
}
