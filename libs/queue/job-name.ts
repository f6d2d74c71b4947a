/** The name of an envelope's job says how many rows it has, so that they can be counted without its data. */

/** As `iris:1.0.0 x21`. */
export function jobName(model: string, versionLabel: string, rows: number): string {
  return `${model}:${versionLabel} x${rows}`;
}

/** @returns null for a name that does not say, as a retry job's: that is one row */
export function rowsOfJobName(name: string): number | null {
  const rows = / x(\d+)$/.exec(name)?.[1];
  return rows === undefined ? null : Number(rows);
}
