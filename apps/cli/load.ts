/**
 * `millrace load`: a closed loop against any fleet. Each connection sends its next request when the last is answered.
 *
 * Without `--wait` an answer means "accepted", and a queue can accept for a while what no worker keeps up with: so the
 * last prediction is awaited at the end, and the rate of answers is given over the whole time.
 */
import autocannon from 'autocannon';
import cliProgress from 'cli-progress';
import { type MillraceClient, MillraceUnreachableError, type Prediction } from '#client/millrace-client';
import { CliError } from './cli-error.js';
import { LatencyHistogram } from './latency-histogram.js';
import { loadRequests } from './load-requests.js';
import { report, type Measured } from './load-report.js';
import { clientOf, type Target } from './target.js';

export interface LoadOptions extends Target {
  readonly model: string;
  readonly connections: number;
  readonly seconds: number;
  /** Wait for each answer instead of for its acceptance. */
  readonly wait: boolean;
  /** Share of the inputs that are wrong, 0 to 1. */
  readonly invalid: number;
  readonly json: boolean;
}

export async function load(options: LoadOptions): Promise<void> {
  const client = clientOf(options);
  const model = await client.model(options.model);
  const input = model.latest_version.example?.input;
  if (typeof input !== 'object' || input === null)
    throw new CliError(`The catalogue has no example for ${options.model}.`);
  const run = new LoadRun(options, loadRequests(options, input as Record<string, unknown>));
  const measured = await run.run();
  const drainedMs = options.wait ? 0 : await drain(client, run.lastAccepted);
  const figures = report(measured, drainedMs);
  console.log(options.json ? JSON.stringify({ ...options, key: undefined, ...figures.values }) : figures.text);
  if (measured.unanswered === 0) return;
  const left = run.isFleetGone() ? 'The fleet went away, and the load was ended: ' : '';
  throw new CliError(`${left}${measured.unanswered} requests had no answer.`);
}

/** Milliseconds until the last accepted prediction has its answer; null where no fleet is there to say it. */
async function drain(client: MillraceClient, body: string | null): Promise<number | null> {
  if (body === null) return 0;
  const began = performance.now();
  try {
    await client.wait(JSON.parse(body) as Prediction);
  } catch (error) {
    if (error instanceof MillraceUnreachableError) return null;
    throw error;
  }
  return performance.now() - began;
}

class LoadRun {
  /** Body of the last answer 201. */
  lastAccepted: string | null = null;
  readonly #latencies = new LatencyHistogram();
  readonly #statuses = new Map<number, number>();
  #unanswered = 0;
  /** Connections that were refused since the last answer. */
  #refused = 0;
  readonly #bar = new cliProgress.SingleBar({
    format: '{bar} {value}/{total} s  {rate} predictions/s',
    hideCursor: true,
    clearOnComplete: true,
  });

  constructor(
    private readonly options: LoadOptions,
    private readonly requests: autocannon.Request[],
  ) {}

  /** Every connection was refused: who goes on from there measures how fast one can be refused. */
  isFleetGone(): boolean {
    return this.#refused > this.options.connections;
  }

  run(): Promise<Measured> {
    const { url, connections, seconds } = this.options;
    const began = performance.now();
    this.#bar.start(seconds, 0, { rate: 0 });
    return new Promise((resolve, reject) => {
      const instance = autocannon(
        {
          url,
          connections,
          duration: seconds,
          timeout: 90,
          // Own counting below; autocannon's percentiles are whole milliseconds.
          setupClient: this.#rotation(),
          requests: this.#requests(),
        },
        (error: Error | null, result) => {
          this.#bar.stop();
          process.off('SIGINT', stop);
          if (error) reject(error);
          else resolve(this.#measured(result.duration));
        },
      );
      const stop = (): void => instance.stop();
      process.once('SIGINT', stop);
      this.#listen(instance, began);
    });
  }

  /** Each connection starts elsewhere in the round of requests: wrong inputs come evenly, not all at once. */
  #rotation(): (client: autocannon.Client) => void {
    let index = 0;
    const requests = this.#requests();
    return (client) => {
      index = (index + 1) % requests.length;
      client.setRequests([...requests.slice(index), ...requests.slice(0, index)]);
    };
  }

  #requests(): autocannon.Request[] {
    return this.requests.map((request) => ({ ...request, onResponse: this.#onBody }));
  }

  readonly #onBody = (status: number, body: string): void => {
    if (status === 201) this.lastAccepted = body;
  };

  #listen(instance: autocannon.Instance, began: number): void {
    instance.on('response', (_client, status, _bytes, ms) => {
      this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
      this.#refused = 0;
      if (status === 201) this.#latencies.add(ms);
    });
    instance.on('reqError', (error: NodeJS.ErrnoException) => {
      if (this.isFleetGone()) return;
      this.#unanswered += 1;
      if (error.code === 'ECONNREFUSED') this.#refused += 1;
      if (this.isFleetGone()) instance.stop();
    });
    instance.on('tick', () => {
      const elapsed = (performance.now() - began) / 1_000;
      const rate = Math.round(this.#latencies.count / elapsed);
      this.#bar.update(Math.min(this.options.seconds, Math.round(elapsed)), { rate });
    });
  }

  #measured(seconds: number): Measured {
    return { seconds, latencies: this.#latencies, statuses: this.#statuses, unanswered: this.#unanswered };
  }
}
