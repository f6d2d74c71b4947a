/**
 * The shipped configuration with a clock that runs faster, so that a test of the real chain lasts seconds. It is the
 * shipped text, not a copy: every duration in it is divided by one factor, and only addresses are replaced.
 *
 *   keys of YAML      scrape_interval, scrape_timeout, evaluation_interval, interval, for, resolve_timeout,
 *                     group_wait, group_interval, repeat_interval: `15s` becomes `500ms` at a factor of 30
 *   expressions       windows, steps and offsets: `[1h]`, `[1h:1m]`, `offset 15m`; never names (`...:ratio_rate1h`),
 *                     which stay pairs of the same windows
 *
 * Bounds in an expression (`> 300` seconds, `>= 10` events) stay: they are about what a process measures.
 */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const KEYS =
  /^(\s*(?:- )?(?:scrape_interval|scrape_timeout|evaluation_interval|interval|for|resolve_timeout|group_wait|group_interval|repeat_interval): )(\S+)$/gm;

export function faster(text: string, factor: number): string {
  return text
    .replace(KEYS, (_, key: string, duration: string) => key + scaled(duration, factor))
    .replace(/\[(\d[\da-z]*)(?::(\d[\da-z]*))?\]/g, (_, range: string, step?: string) => {
      const ownStep = step === undefined ? '' : `:${scaled(step, factor)}`;
      return `[${scaled(range, factor)}${ownStep}]`;
    })
    .replace(/\boffset (\d[\da-z]*)/g, (_, duration: string) => `offset ${scaled(duration, factor)}`);
}

function scaled(duration: string, factor: number): string {
  const parts = [...duration.matchAll(/(\d+)(ms|[smhd])/g)];
  if (parts.map(([part]) => part).join('') !== duration) throw new Error(`${duration} is no duration`);
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit!]!, 0);
  return `${Math.ceil(ms / factor)}ms`;
}
