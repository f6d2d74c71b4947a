const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @returns milliseconds, or NaN for a unit other than `s`, `m`, `h` and `d` */
export function spanMs(amount: number, unit: string): number {
  return amount * (UNIT_MS[unit] ?? Number.NaN);
}
