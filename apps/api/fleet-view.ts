import type { Fleet, LiveWorker } from '#queue/fleet';

const LOOK_EVERY_MS = 1_000;

/** What this process knows of the workers: looked at once a second, not at every request. */
export class FleetView {
  #workers: readonly LiveWorker[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly fleet: Fleet,
    private readonly isConnected: () => boolean,
    private readonly onError: (error: Error) => void,
  ) {}

  start(): void {
    void this.#look().finally(() => {
      this.#timer = setTimeout(() => this.start(), LOOK_EVERY_MS);
    });
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  serves(model: string): boolean {
    return this.#workers.some((worker) => worker.models.includes(model));
  }

  /** Executors that are ready, of the workers that serve the model. */
  executorsOf(model: string): number {
    const serving = this.#workers.filter(({ models }) => models.includes(model));
    return serving.reduce((sum, { executors }) => sum + executors.ready, 0);
  }

  /** Mean of what the workers measured, milliseconds a prediction; null while none has. */
  rowCostMs(versionId: string): number | null {
    const costs = this.#workers.flatMap(({ versions }) =>
      versions.flatMap(({ id, rowCostMs }) => (id === versionId && rowCostMs !== null ? [rowCostMs] : [])),
    );
    return costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
  }

  async #look(): Promise<void> {
    if (!this.isConnected()) return;
    try {
      this.#workers = await this.fleet.list();
    } catch (error) {
      this.onError(error as Error);
    }
  }
}
