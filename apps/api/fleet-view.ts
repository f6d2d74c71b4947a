import type { Fleet, LiveWorker } from '#queue/fleet';
import { Rounds } from '#queue/rounds';
import { EndRates } from './end-rates.js';

const LOOK_EVERY_MS = 1_000;

/** What this process knows of the workers: looked at once a second, not at every request. */
export class FleetView {
  #workers: readonly LiveWorker[] = [];
  /** Worked out when the workers are looked at: it is asked for at every request. */
  #rowCostsMs: ReadonlyMap<string, number> = new Map();
  #executors: ReadonlyMap<string, number> = new Map();
  readonly #rates = new EndRates();
  readonly #looks: Rounds;

  constructor(
    private readonly fleet: Fleet,
    private readonly isConnected: () => boolean,
    onError: (error: Error) => void,
  ) {
    this.#looks = new Rounds(() => this.#look(), LOOK_EVERY_MS, onError);
  }

  start(): void {
    void this.#looks.start();
  }

  stop(): void {
    void this.#looks.stop();
  }

  /** Those that have said so within the last seconds. */
  get workers(): readonly LiveWorker[] {
    return this.#workers;
  }

  serves(model: string): boolean {
    return this.#workers.some((worker) => worker.models.includes(model));
  }

  /** Executors that are ready, of the workers that serve the model. */
  executorsOf(model: string): number {
    return this.#executors.get(model) ?? 0;
  }

  /** Mean of what the workers measured, milliseconds a prediction; null while none has. */
  rowCostMs(versionId: string): number | null {
    return this.#rowCostsMs.get(versionId) ?? null;
  }

  /** Predictions of the model that end a second, by what the workers said lately. */
  rateOf(model: string): number {
    return this.#rates.of(model);
  }

  async #look(): Promise<void> {
    if (!this.isConnected()) return;
    this.#workers = await this.fleet.list();
    this.#rowCostsMs = meanCosts(this.#workers);
    this.#executors = readyExecutors(this.#workers);
    this.#rates.see(this.#workers, Date.now());
  }
}

function meanCosts(workers: readonly LiveWorker[]): Map<string, number> {
  const costs = new Map<string, number[]>();
  for (const { id, rowCostMs } of workers.flatMap(({ versions }) => versions)) {
    if (rowCostMs !== null) costs.set(id, [...(costs.get(id) ?? []), rowCostMs]);
  }
  return new Map([...costs].map(([id, all]) => [id, all.reduce((sum, cost) => sum + cost, 0) / all.length]));
}

function readyExecutors(workers: readonly LiveWorker[]): Map<string, number> {
  const ready = new Map<string, number>();
  for (const { models, executors } of workers) {
    for (const model of models) ready.set(model, (ready.get(model) ?? 0) + executors.ready);
  }
  return ready;
}
