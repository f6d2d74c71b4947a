/** A real Prometheus of a test's own, that scrapes what the test names. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until, within } from './patience.js';
import { freePort } from './redis-server.js';

const START_MS = 60_000;
const STOP_MS = 60_000;

export interface PrometheusOptions {
  /** How to start it on this machine. */
  readonly program: readonly [command: string, words: readonly string[]];
  readonly scrapeMs: number;
  /** Addresses (`host:port`) by job. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
}

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** In the order of time; what is no number is left out. */
  readonly values: readonly number[];
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}

export class TestPrometheus {
  #words = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly url: string,
  ) {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#words = (this.#words + text).slice(-2_000)));
  }

  static async start({ program: [command, words], scrapeMs, targets }: PrometheusOptions): Promise<TestPrometheus> {
    const folder = await mkdtemp(path.join(tmpdir(), 'millrace-prometheus-'));
    const jobs = Object.entries(targets).map(([job_name, addresses]) => ({
      job_name,
      static_configs: [{ targets: addresses }],
    }));
    const interval = `${scrapeMs}ms`;
    // JSON is YAML.
    const configuration = { global: { scrape_interval: interval, scrape_timeout: interval }, scrape_configs: jobs };
    await writeFile(path.join(folder, 'prometheus.yml'), JSON.stringify(configuration));
    const port = await freePort();
    const own = [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    const child = spawn(command, [...words, ...own], { stdio: ['ignore', 'ignore', 'pipe'] });
    const prometheus = new TestPrometheus(child, folder, `http://127.0.0.1:${port}`);
    await prometheus.#ready();
    return prometheus;
  }

  /**
   * What a panel would draw.
   * @throws Error with Prometheus's own words where the expression is wrong
   */
  async range(expr: string, fromMs: number, toMs: number, stepSeconds: number): Promise<Series[]> {
    const body = new URLSearchParams({
      query: expr,
      start: String(fromMs / 1_000),
      end: String(toMs / 1_000),
      step: String(stepSeconds),
    });
    const response = await fetch(`${this.url}/api/v1/query_range`, { method: 'POST', body });
    const { status, error, data } = (await response.json()) as Answer;
    if (status !== 'success') throw new Error(`${expr}: ${error ?? status}`);
    return data.result.flatMap(({ metric, values }) => {
      const numbers = values.map(([, value]) => Number(value)).filter((value) => !Number.isNaN(value));
      return numbers.length === 0 ? [] : [{ labels: metric, values: numbers }];
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await within(exited, { deadlineMs: STOP_MS, what: 'Prometheus to end' });
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const asked = async (): Promise<boolean> => {
      if (this.child.exitCode !== null) throw new Error(`Prometheus does not start: ${this.#words}`);
      return (await fetch(`${this.url}/-/ready`).catch(() => null))?.status === 200;
    };
    await until(asked, { deadlineMs: START_MS, what: 'Prometheus to be ready' });
  }
}
