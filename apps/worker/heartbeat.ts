import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ModelRepository } from '#models/repository';
import { type Fleet, HEARTBEAT_MS } from '#queue/fleet';
import type { EnvelopeConsumer } from './envelope-consumer.js';
import type { Inference } from './inference.js';

/** Tells the fleet that this worker lives and what it serves, every few seconds, while it can serve. */
export class Heartbeat {
  readonly #id = randomUUID();
  readonly #startedAtMs = Date.now();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly fleet: Fleet,
    private readonly repository: ModelRepository,
    private readonly inference: Pick<Inference, 'pool' | 'rowCostsMs'>,
    private readonly consumer: Pick<EnvelopeConsumer, 'ended'>,
    private readonly onError: (error: Error) => void,
  ) {}

  start(): void {
    this.#beat();
    this.#timer = setInterval(() => this.#beat(), HEARTBEAT_MS);
  }

  /** Says good-bye, so that nobody counts on this worker until it is forgotten. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.fleet.leave(this.#id);
  }

  #beat(): void {
    const { pool, rowCostsMs } = this.inference;
    if (pool.readyCount === 0) return;
    const versions = this.repository
      .all()
      .map(({ id, name }) => ({ id, model: name, rowCostMs: rowCostsMs.get(id) ?? null }));
    this.fleet
      .announce({
        id: this.#id,
        pid: process.pid,
        host: hostname(),
        startedAtMs: this.#startedAtMs,
        models: this.repository.names(),
        versions,
        executors: { ready: pool.readyCount, busy: pool.busyCount },
        ended: Object.fromEntries(this.consumer.ended),
      })
      .catch(this.onError);
  }
}
