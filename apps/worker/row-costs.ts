import type { VersionId } from '#domain/model-version';

/** Weight of the newest micro-batch in the moving mean. */
const WEIGHT = 0.1;

/** Measured milliseconds of one prediction inside its micro-batch, by version: an exponentially weighted mean. */
export class RowCosts {
  readonly #costs = new Map<VersionId, number>();

  observe(versionId: VersionId, rows: number, totalMs: number): void {
    const cost = totalMs / rows;
    const before = this.#costs.get(versionId);
    this.#costs.set(versionId, before === undefined ? cost : before + WEIGHT * (cost - before));
  }

  of(versionId: VersionId): number | null {
    return this.#costs.get(versionId) ?? null;
  }
}
