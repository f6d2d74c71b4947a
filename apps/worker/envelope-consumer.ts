/** The worker's intakes: for each model one of interactive envelopes, one of bulk envelopes, and one of retry jobs. */
import { rowCount } from '#contract/envelope';
import { logRedisErrors } from '#process/redis-errors';
import { EnvelopeIntake, type TakenEnvelope } from '#queue/envelope-intake';
import type { FailureCounts, Settlement } from '#queue/outcomes';
import type { ModelQueues } from '#queue/model-queues';
import type { Logger } from '#telemetry/logger';
import type { WorkerMetrics } from '#telemetry/metrics';
import type { ExecuteEnvelope } from './execute-envelope.js';
import type { ExecuteRetry } from './execute-retry.js';

/** Envelopes of a model in hand at once: enough to merge micro-batches across them, few enough to share. */
const SLOTS = {
  interactive: 16,
  /** One runs while the next is fetched. */
  bulk: 2,
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

export class EnvelopeConsumer {
  readonly #intakes: EnvelopeIntake[];
  readonly #onError: ReturnType<typeof logRedisErrors>;

  constructor(
    private readonly options: ConsumerOptions,
    private readonly queues: ModelQueues,
    private readonly execute: { readonly envelope: ExecuteEnvelope; readonly retry: ExecuteRetry },
    private readonly metrics: WorkerMetrics,
    private readonly logger: Logger,
  ) {
    this.#onError = logRedisErrors(logger, 'queue error');
    this.#intakes = options.models.flatMap((model) => [
      this.#intake(model, 'interactive'),
      this.#intake(model, 'bulk'),
      this.#intake(model, 'retry'),
    ]);
  }

  start(): void {
    for (const intake of this.#intakes) intake.start();
  }

  async quiet(): Promise<void> {
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
      // A part of a batch is kept as long as its batch: there the janitor removes what has had its time.
      removesByAge: kind === 'interactive',
      isNearlyFull: this.options.isNearlyFull,
      process: (taken) => (kind === 'retry' ? this.execute.retry.run(taken) : this.execute.envelope.run(taken, kind)),
      onSettled: (taken, counts, failures) => this.#observe(kind, taken, counts, failures),
      onStalled: () => {
        this.metrics.stalled.inc({ model });
        this.logger.warn({ model, kind }, 'an envelope came back from a worker that died or lost its lock');
      },
      onLockLost: () => {
        this.metrics.lostLocks.inc({ model });
        this.logger.warn({ model, kind }, 'the lock of an envelope was lost: another worker runs it');
      },
      onError: (error) => this.#onError(error, { model, kind }),
    });
  }

  /** One line and a handful of counters an envelope; a single prediction's line is for `debug`. */
  #observe(
    kind: Kind,
    { jobId, envelope, stalls }: TakenEnvelope,
    counts: Settlement['counts'],
    failures: FailureCounts,
  ): void {
    const { model, versionLabel: version } = envelope;
    const rows = rowCount(envelope);
    this.metrics.envelopes.inc({ model, kind });
    if (kind === 'interactive') this.metrics.envelopeRows.observe({ model }, rows);
    for (const [outcome, count] of Object.entries(counts)) {
      if (count > 0) this.metrics.predictions.inc({ model, version, outcome }, count);
    }
    for (const [code, count] of Object.entries(failures)) this.metrics.failed.inc({ model, version, code }, count);
    const now = Date.now();
    const { priority = 'normal' } = envelope;
    for (const row of envelope.rows) {
      this.metrics.totalSeconds.observe({ model, priority }, (now - row.createdAtMs) / 1_000);
    }
    const level = counts.failed > 0 || counts.moved > 0 ? 'warn' : 'debug';
    this.logger[level]({ envelope: jobId, model, version, rows, stalls, ...counts }, 'settled');
  }
}
