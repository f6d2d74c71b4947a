/** A corner of a real Redis that belongs to one test, with the parts of a fleet that the test plays itself. */
import { randomUUID } from 'node:crypto';
import { inject, onTestFinished } from 'vitest';
import { parsePredictionId, type PredictionAddress } from '#domain/prediction-id';
import type { NewOutcome } from '#domain/outcome';
import type { Standing } from '#domain/prediction';
import { Catalogue } from '#queue/catalogue';
import { Completions } from '#queue/completions';
import { connectProducer, connectSubscriber, connectWorker } from '#queue/connection';
import { EnvelopeIntake, type IntakeOptions } from '#queue/envelope-intake';
import { EnvelopeReader } from '#queue/envelope-reader';
import { EnvelopeWriter, type NewPrediction } from '#queue/envelope-writer';
import { ModelQueues } from '#queue/model-queues';
import type { Settlement } from '#queue/outcomes';
import { signal, type Signal } from './signal.js';

type Redis = ReturnType<typeof connectWorker>;
type Process = IntakeOptions['process'];

export const MODEL = 'iris';

const CONNECT = { worker: connectWorker, producer: connectProducer, subscriber: connectSubscriber };

export class QueueCorner {
  readonly catalogue = new Catalogue(`t-${randomUUID().slice(0, 13)}`);
  readonly origin = this.catalogue.originChannel('test');
  /** What connections, queues and intakes have reported. */
  readonly errors: Error[] = [];
  readonly #expected: { matches: (error: Error) => boolean; send: (error: Error) => void }[] = [];
  readonly onError = (error: Error): void => {
    this.errors.push(error);
    for (const { matches, send } of this.#expected) if (matches(error)) send(error);
  };
  readonly queues: ModelQueues;
  readonly reader: EnvelopeReader;
  readonly writer: EnvelopeWriter;

  private constructor(
    readonly url: string,
    readonly redis: Redis,
  ) {
    this.queues = new ModelQueues(redis, this.catalogue, this.onError);
    this.reader = new EnvelopeReader(this.queues, 3_600);
    this.writer = new EnvelopeWriter(this.queues, this.origin, () => null);
  }

  /** Everything ends with the test. */
  static async open(url = inject('redisUrl')): Promise<QueueCorner> {
    return new QueueCorner(url, await connected('worker', url));
  }

  /** A connection of its own, for another process that the test plays. */
  connect(kind: keyof typeof CONNECT = 'worker'): Promise<Redis> {
    return connected(kind, this.url);
  }

  /** Resolves with the next error of that kind. */
  reported(matches: (error: Error) => boolean): Promise<Error> {
    const { seen, send } = signal<Error>();
    this.#expected.push({ matches, send });
    return seen;
  }

  async completions(): Promise<Completions> {
    const completions = new Completions(await this.connect('subscriber'), this.catalogue, this.origin, this.onError);
    await completions.start();
    return completions;
  }

  /** Puts predictions into one envelope: at most 32 as for callers that wait, whose process is told of the end, or 64. */
  async submit(rows = 1, { awaited = true } = {}): Promise<PredictionAddress[]> {
    const predictions = Array.from({ length: rows }, (_, n) => newPrediction({ input: { n } }));
    const onPlaced = awaited ? (): void => undefined : null;
    const accepted = await Promise.all(predictions.map((prediction) => this.writer.write(prediction, { onPlaced })));
    return accepted.map(({ id }) => addressOf(id));
  }

  async standing(address: PredictionAddress): Promise<Standing> {
    const found = await this.reader.read(MODEL, address);
    if (typeof found === 'string') throw new Error(`the prediction is ${found}`);
    return found.standing;
  }

  async status(address: PredictionAddress): Promise<string> {
    return (await this.standing(address)).status;
  }

  /** A worker's intake that runs. */
  intake(process: Process, options: Partial<IntakeOptions> & { kind?: 'interactive' | 'retry' } = {}): PlayedIntake {
    const { kind = 'interactive', ...rest } = options;
    const { catalogue, redis, onError } = this;
    const played: PlayedIntake = new PlayedIntake(() => intake);
    const intake = new EnvelopeIntake(redis, catalogue, {
      model: MODEL,
      queueName: kind === 'retry' ? catalogue.retryQueue(MODEL) : catalogue.queue(MODEL),
      slots: 1,
      resultTtlSeconds: 3_600,
      removesByAge: true,
      process,
      isNearlyFull: () => false,
      onSettled: ({ jobId }, counts) => played.settledBy(jobId).send(counts),
      onStalled: () => (played.stalls += 1),
      onLockLost: () => (played.lostLocks += 1),
      onError,
      ...rest,
    });
    onTestFinished(() => intake.close());
    intake.start();
    return played;
  }

  /** What the death of the worker that holds the job leaves behind, without the wait until others notice. */
  async loseLock({ envelopeId }: PredictionAddress): Promise<void> {
    const prefix = `${this.catalogue.tag(MODEL)}:${this.catalogue.queue(MODEL)}`;
    await this.redis.del(`${prefix}:${envelopeId}:lock`, `${prefix}:stalled-check`);
    await this.redis.sadd(`${prefix}:stalled`, envelopeId);
  }
}

/** An intake, and what it has reported. */
export class PlayedIntake {
  stalls = 0;
  lostLocks = 0;

  constructor(private readonly intake: () => EnvelopeIntake) {}

  /** It takes no more, and resolves when nothing is in its hands. */
  async stop(): Promise<void> {
    await this.intake().quiet();
    await this.intake().close();
  }

  readonly #settled = new Map<string, Signal<Settlement['counts']>>();

  /** Resolves when Redis has confirmed that the job has ended by this intake. */
  settled({ envelopeId }: PredictionAddress): Promise<Settlement['counts']> {
    return this.settledBy(envelopeId).seen;
  }

  settledBy(jobId: string): Signal<Settlement['counts']> {
    const found = this.#settled.get(jobId) ?? signal<Settlement['counts']>();
    this.#settled.set(jobId, found);
    return found;
  }
}

export function newPrediction(change: Partial<NewPrediction> = {}): NewPrediction {
  return {
    client: 'local',
    model: MODEL,
    versionId: 'a'.repeat(64),
    versionLabel: '1.0.0',
    input: { n: 0 },
    metadata: null,
    priority: 'normal',
    deadlineAtMs: null,
    callback: null,
    trace: null,
    ownId: null,
    ...change,
  };
}

export function addressOf(id: string): PredictionAddress {
  const address = parsePredictionId(id);
  if (address === null) throw new Error(`${id} is no prediction's id`);
  return address;
}

export function succeeded(value: number): NewOutcome {
  return {
    kind: 'succeeded',
    outputJson: `{"value":${value}}`,
    run: { startedAtMs: Date.now(), predictMs: 1, batchSize: 1 },
  };
}

async function connected(kind: keyof typeof CONNECT, url: string): Promise<Redis> {
  const redis = CONNECT[kind](url, () => undefined);
  onTestFinished(() => redis.disconnect());
  if (redis.status !== 'ready') await new Promise<void>((resolve) => redis.once('ready', () => resolve()));
  return redis;
}
