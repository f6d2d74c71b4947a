/** What a prediction costs in Redis, by command. */
import { renderTable } from '../apps/cli/table.js';
import type { CommandUse } from './redis-under-test.js';

/** Less a prediction than this is not worth a line. */
const LEAST_US = 0.1;

export function commandsBetween(
  before: ReadonlyMap<string, CommandUse>,
  after: ReadonlyMap<string, CommandUse>,
): Map<string, CommandUse> {
  return new Map(
    [...after].map(([name, { calls, us }]) => {
      const then = before.get(name) ?? { calls: 0, us: 0 };
      return [name, { calls: calls - then.calls, us: us - then.us }];
    }),
  );
}

export function renderCommands(what: string, uses: ReadonlyMap<string, CommandUse>, predictions: number): string {
  const rows = [...uses]
    .filter(([, { us }]) => us / predictions >= LEAST_US)
    .sort(([, a], [, b]) => b.us - a.us)
    .map(([name, { calls, us }]) => [name, (calls / predictions).toFixed(3), (us / predictions).toFixed(2)]);
  return renderTable([`Redis, ${what}`, 'calls a prediction', 'us a prediction'], rows);
}
