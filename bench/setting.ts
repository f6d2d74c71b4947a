/** What every part of a run needs: the Redis, the children of the bench, the fleet. */
import path from 'node:path';
import { Catalogue } from '#queue/catalogue';
import { openRepository } from '#models/repository';
import type { BareHttpAnswer, BareHttpQuestion } from './bare-http.js';
import type { BareAnswer, BareQuestion } from './bare-queue.js';
import { BenchChild } from './child-channel.js';
import type { FleetUnderTest } from './fleet-under-test.js';
import type { LoadOrder, LoadResult } from './load-order.js';
import { Observer, type Cost, type Watched } from './observer.js';
import { groupingBetween, readWorkerCounts, type Grouping, type WorkerCounts } from './worker-counts.js';
import { FLEET_PREFIX, type RedisUnderTest } from './redis-under-test.js';

const CATALOGUE = new Catalogue(FLEET_PREFIX);

export interface LoadSpec {
  readonly model: string;
  readonly inputs: readonly unknown[];
  readonly connections: number;
  readonly wait: boolean;
  readonly invalidEvery?: number;
  readonly until: LoadOrder['until'];
  /** See `LoadOrder`. */
  readonly perSecond?: number;
  readonly engine?: LoadOrder['engine'];
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface Loaded {
  readonly result: LoadResult;
  readonly cost: Cost;
  readonly grouping: Grouping;
  /** From the first request to the last outcome. */
  readonly settledMs: number;
}

/** Puts load on a fleet and sees it through to the last outcome. */
export class LoadBench {
  private constructor(
    readonly redis: RedisUnderTest,
    readonly generator: BenchChild<LoadOrder, LoadResult>,
  ) {}

  static async start(redis: RedisUnderTest): Promise<LoadBench> {
    return new LoadBench(redis, await BenchChild.start<LoadOrder, LoadResult>('load-generator'));
  }

  /** Redis and the bench's generator beside the fleet's own processes. */
  watchedWith(fleet: FleetUnderTest): Watched[] {
    return [...fleet.processes(), ...this.redisProcess(), { name: 'generator', pid: this.generator.pid }];
  }

  redisProcess(): Watched[] {
    return this.redis.pid === null ? [] : [{ name: 'redis', pid: this.redis.pid }];
  }

  async load(fleet: FleetUnderTest, spec: LoadSpec): Promise<Loaded> {
    const { model, inputs, connections, wait, until } = spec;
    const before = await readWorkerCounts(fleet, model);
    const observer = new Observer(this.watchedWith(fleet));
    const result = await this.generator.ask({
      engine: spec.engine ?? 'sockets',
      port: fleet.port,
      model,
      inputs,
      connections,
      wait,
      invalidEvery: spec.invalidEvery ?? null,
      until,
      ...(spec.perSecond === undefined ? {} : { perSecond: spec.perSecond }),
      ...(spec.fields === undefined ? {} : { fields: spec.fields }),
    });
    await this.redis.untilDrained(
      [CATALOGUE.queue(model), CATALOGUE.retryQueue(model)].map((queue) => keyOf(model, queue)),
    );
    const settledAtMs = performance.timeOrigin + performance.now();
    const cost = observer.end();
    fleet.mustBeWell();
    const after = await countsOnceComplete(fleet, model, before, result.good);
    const grouping = groupingBetween(before, after);
    return { result, cost, grouping, settledMs: settledAtMs - result.firstSentAtMs };
  }

  async stop(): Promise<void> {
    await this.generator.stop();
  }
}

/** A worker counts an envelope when Redis has told it of its end, a moment after the queue is empty. */
const COUNTED_WITHIN_MS = 2_000;

/** @throws Error when the workers' successes differ: a figure that leaves predictions out means nothing */
async function countsOnceComplete(
  fleet: FleetUnderTest,
  model: string,
  before: WorkerCounts,
  expected: number,
): Promise<WorkerCounts> {
  const deadlineMs = performance.now() + COUNTED_WITHIN_MS;
  for (;;) {
    const after = await readWorkerCounts(fleet, model);
    const succeeded = after.succeeded - before.succeeded;
    if (succeeded === expected) return after;
    if (succeeded > expected || performance.now() > deadlineMs) {
      throw new Error(`${expected} of ${model} were accepted, ${succeeded} succeeded`);
    }
  }
}

function keyOf(model: string, queue: string): string {
  return `${CATALOGUE.tag(model)}:${queue}`;
}

/** What Millrace is built on: BullMQ alone, a producer and a worker that does nothing, and Fastify alone; a process each. */
export class BareBench {
  private constructor(
    readonly producer: BenchChild<BareQuestion, BareAnswer>,
    readonly worker: BenchChild<BareQuestion, BareAnswer>,
    readonly server: BenchChild<BareHttpQuestion, BareHttpAnswer>,
    /** Of the server, on 127.0.0.1. */
    readonly httpPort: number,
  ) {}

  static async start(redisUrl: string, prefix: string, request: BareHttpQuestion): Promise<BareBench> {
    const producer = await BenchChild.start<BareQuestion, BareAnswer>('bare-producer');
    const worker = await BenchChild.start<BareQuestion, BareAnswer>('bare-worker');
    const server = await BenchChild.start<BareHttpQuestion, BareHttpAnswer>('bare-http');
    await worker.ask({ kind: 'work', redisUrl, prefix });
    return new BareBench(producer, worker, server, await server.ask(request));
  }

  processes(): Watched[] {
    return [
      { name: 'bare producer', pid: this.producer.pid },
      { name: 'bare worker', pid: this.worker.pid },
    ];
  }

  async stop(): Promise<void> {
    await Promise.all([this.producer.stop(), this.worker.stop(), this.server.stop()]);
  }
}

/** Valid inputs of a model: those of its golden examples. */
export async function goldenInputs(modelsDir: string, model: string): Promise<unknown[]> {
  const repository = await openRepository(path.resolve(modelsDir), { verify: 'all-but-graph', only: [model] });
  return repository.latest(model)?.golden.map((example) => example.input) ?? [];
}
