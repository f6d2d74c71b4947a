/** The worker's intakes: for each model one of interactive envelopes, one of bulk envelopes, and one of retry jobs. */
import { rowCount } from '#contract/envelope';
import { logRedisErrors } from '#process/redis-errors';
import { EnvelopeIntake } from '#queue/envelope-intake';
import type { FailureCounts, Settlement } from '#queue/outcomes';
import type { ModelQueues } from '#queue/model-queues';
import type { JobEnd, Settled, TakenEnvelope } from '#queue/taken-envelope';
import type { Logger } from '#telemetry/logger';
import type { WorkerMetrics } from '#telemetry/metrics';
import { BulkPace } from './bulk-pace.js';
import type { ExecuteEnvelope } from './execute-envelope.js';
import type { ExecuteRetry } from './execute-retry.js';
import type { SettledLines } from './settled-lines.js';
import type { SettledSpans } from './settled-spans.js';

/** Envelopes of a model in hand at once: enough to merge micro-batches across them, few enough to share. */
const SLOTS = {
  interactive: 16,
  bulk: BulkPace.slots,
  /** They run one at a time anyway. */
  retry: 1,
} as const;

export type Kind = keyof typeof SLOTS;
export const KINDS = Object.keys(SLOTS) as readonly Kind[];

export interface ConsumerOptions {
  readonly models: readonly string[];
  readonly resultTtlSeconds: number;
  /** See `IntakeOptions`. */
  readonly isNearlyFull: () => boolean;
}

/** Where it tells what has happened. */
export interface ConsumerTelling {
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  readonly lines: SettledLines;
  /** Null where this worker does not trace. */
  readonly spans: SettledSpans | null;
}

export class EnvelopeConsumer {
  readonly #intakes: EnvelopeIntake[];
  readonly #bulkPace: BulkPace;
  /** Predictions that have ended here, by model. */
  readonly ended = new Map<string, number>();
  readonly #onError: ReturnType<typeof logRedisErrors>;

  constructor(
    private readonly options: ConsumerOptions,
    private readonly queues: ModelQueues,
    private readonly execute: { readonly envelope: ExecuteEnvelope; readonly retry: ExecuteRetry },
    private readonly telling: ConsumerTelling,
  ) {
    this.#onError = logRedisErrors(telling.logger, 'queue error');
    const bulk = options.models.map((model) => this.#intake(model, 'bulk'));
    this.#bulkPace = new BulkPace(bulk);
    const others = options.models.flatMap((model) => [
      this.#intake(model, 'interactive'),
      this.#intake(model, 'retry'),
    ]);
    this.#intakes = [...others, ...bulk];
  }

  start(): void {
    for (const intake of this.#intakes) intake.start();
  }

  async quiet(): Promise<void> {
    this.#bulkPace.stop();
    await Promise.all(this.#intakes.map((intake) => intake.quiet()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#intakes.map((intake) => intake.close()));
  }

  #intake(model: string, kind: Kind): EnvelopeIntake {
    const { catalogue, redis } = this.queues;
    return new EnvelopeIntake(redis, catalogue, {
      model,
      queueName: kind === 'retry' ? catalogue.retryQueue(model) : catalogue.queue(model, kind === 'bulk' ? 'b' : 'i'),
      slots: SLOTS[kind],
      resultTtlSeconds: this.options.resultTtlSeconds,
      // A part of a batch is kept as long as its batch: there the janitor removes those whose time is over.
      removesByAge: kind === 'interactive',
      isNearlyFull: this.options.isNearlyFull,
      process: (taken) => this.#process(kind, taken),
      onSettled: (taken, counts, failures, end) => this.#observe(kind, taken, { counts, failures, end }),
      onStalled: () => {
        this.telling.metrics.stalled.inc({ model });
        const fields = { category: 'fleet', code: 'stalled', model, kind };
        this.telling.logger.warn(fields, 'an envelope came back from a worker that died or lost its lock');
      },
      onLockLost: () => {
        this.telling.metrics.lostLocks.inc({ model });
        const fields = { category: 'fleet', code: 'lock_lost', model, kind };
        this.telling.logger.warn(fields, 'the lock of an envelope was lost: another worker runs it');
      },
      onError: (error) => this.#onError(error, { model, kind }),
    });
  }

  #process(kind: Kind, taken: TakenEnvelope): Promise<Settled> {
    if (kind === 'retry') return this.execute.retry.run(taken);
    if (kind === 'interactive') this.#bulkPace.called();
    return this.execute.envelope.run(taken, kind);
  }

  /** A line and a handful of counters an envelope. */
  #observe(
    kind: Kind,
    taken: TakenEnvelope,
    {
      counts,
      failures,
      end,
    }: { readonly counts: Settlement['counts']; readonly failures: FailureCounts; readonly end: JobEnd },
  ): void {
    const { envelope } = taken;
    const { metrics, lines, spans } = this.telling;
    const { model, versionLabel: version } = envelope;
    const rows = rowCount(envelope);
    metrics.envelopes.inc({ model, kind });
    if (kind === 'interactive') metrics.envelopeRows.observe({ model }, rows);
    const ended = counts.succeeded + counts.failed + counts.dropped;
    this.ended.set(model, (this.ended.get(model) ?? 0) + ended);
    for (const [outcome, count] of Object.entries(counts)) {
      if (count > 0) metrics.predictions.inc({ model, version, outcome }, count);
    }
    for (const [code, count] of Object.entries(failures)) metrics.failed.inc({ model, version, code }, count);
    const now = Date.now();
    const { priority = 'normal' } = envelope;
    for (const row of envelope.rows) {
      metrics.totalSeconds.observe({ model, priority }, (now - row.createdAtMs) / 1_000);
    }
    lines.settled(taken, counts, end);
    spans?.settled(taken, end);
  }
}
