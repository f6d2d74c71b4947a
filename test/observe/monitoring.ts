/** A real Prometheus and a real Alertmanager of a test's own, with the configuration that deploy/ ships. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dieWithParent } from '#process/die-with-parent';
import type { MonitoringTools } from '#process/monitoring-tools';
import { call } from '#testing/http';
import { until, within } from '#testing/patience';
import { freePort } from '#testing/redis-server';
import { faster } from './faster.js';
import { ALERTMANAGER_DIR, PROMETHEUS_DIR, ymlIn } from './shipped-rules.js';

const START_MS = 60_000;
const STOP_MS = 60_000;

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: string; readonly inhibitedBy: readonly string[] };
}

export interface ChainOptions {
  readonly tools: MonitoringTools;
  /** How much faster than shipped its clock runs. */
  readonly factor: number;
  /** Where all receivers send: the plain webhook, Slack and the pager. */
  readonly receiverUrl: string;
  readonly runbookBase: string;
  /** Addresses (`host:port`) by job. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
}

export class AlertChain {
  readonly #children: ChildProcess[] = [];
  #words: string[] = [];

  private constructor(
    private readonly options: ChainOptions,
    private readonly folder: string,
    private readonly ports: { readonly prometheus: number; readonly alertmanager: number },
  ) {}

  static async start(options: ChainOptions): Promise<AlertChain> {
    const folder = await mkdtemp(path.join(tmpdir(), 'millrace-alerts-'));
    const ports = { prometheus: await freePort(), alertmanager: await freePort() };
    const chain = new AlertChain(options, folder, ports);
    try {
      await chain.#writeAlertmanager();
      await chain.#writePrometheus();
      await chain.#start();
      return chain;
    } catch (error) {
      await chain.stop();
      throw new Error(`the chain does not start: ${chain.#words.slice(-5).join(' | ')}`, { cause: error });
    }
  }

  /** Names of alerts that fire, as Prometheus sees them. */
  async firing(): Promise<string[]> {
    const { json } = await call('GET', `http://127.0.0.1:${this.ports.prometheus}/api/v1/alerts`);
    const { data } = json as unknown as { data: { alerts: { state: string; labels: { alertname: string } }[] } };
    return data.alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
  }

  /** Alerts that Alertmanager has, with what it does about them. */
  async alerts(): Promise<FiringAlert[]> {
    const { json } = await call('GET', `http://127.0.0.1:${this.ports.alertmanager}/api/v2/alerts`);
    return json as unknown as FiringAlert[];
  }

  /** Nothing is left of it. */
  async stop(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await within(exited, { deadlineMs: STOP_MS, what: 'Prometheus or Alertmanager to end' });
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  async #writePrometheus(): Promise<void> {
    const { factor, runbookBase, targets } = this.options;
    const folder = path.join(this.folder, 'prometheus');
    await mkdir(path.join(folder, 'rules'), { recursive: true });
    for (const name of ymlIn(path.join(PROMETHEUS_DIR, 'rules'))) {
      const text = await readFile(path.join(PROMETHEUS_DIR, 'rules', name), 'utf8');
      await writeFile(path.join(folder, 'rules', name), faster(text, factor));
    }
    const shipped = await readFile(path.join(PROMETHEUS_DIR, 'prometheus.yml'), 'utf8');
    const text = replaced(faster(shipped, factor), [
      // Services of a compose file: there are none here, and asking for them takes time.
      [/ {4}dns_sd_configs:\n(?: {6}.*\n)+/g, ''],
      // A thirtieth of ten seconds is little for a machine that runs all of this at once.
      [/^( *scrape_interval: (\S+)\n *scrape_timeout: )\S+$/m, '$1$2'],
      ['alertmanager:9093', `127.0.0.1:${this.ports.alertmanager}`],
      [/runbook_base: \S+/, `runbook_base: ${runbookBase}`],
    ]);
    await writeFile(path.join(folder, 'prometheus.yml'), text);
    await mkdir(path.join(folder, 'targets'));
    for (const [job, addresses] of Object.entries(targets)) {
      await writeFile(path.join(folder, 'targets', `${job}.yml`), `- targets: ${JSON.stringify(addresses)}\n`);
    }
  }

  async #writeAlertmanager(): Promise<void> {
    const { factor, receiverUrl } = this.options;
    const folder = path.join(this.folder, 'alertmanager');
    const secrets = path.join(folder, 'secrets');
    await mkdir(secrets, { recursive: true });
    await cp(path.join(ALERTMANAGER_DIR, 'templates'), path.join(folder, 'templates'), { recursive: true });
    const files = {
      'slack-url': `${receiverUrl}/slack`,
      'pagerduty-platform': 'routing-key-of-platform',
      'pagerduty-models': 'routing-key-of-models',
      'smtp-password': 'none',
      'webhook-token': 'token-of-the-webhook',
    };
    for (const [name, secret] of Object.entries(files)) await writeFile(path.join(secrets, name), secret);
    const shipped = await readFile(path.join(ALERTMANAGER_DIR, 'alertmanager.yml'), 'utf8');
    const text = replaced(faster(shipped, factor), [
      ['http://incidents:8080/millrace', `${receiverUrl}/webhook`],
      [/\/etc\/alertmanager\/secrets/g, secrets],
      ['smtp.example.com:587', '127.0.0.1:9'],
      // The pager's address is Alertmanager's own default.
      [/^global:$/m, `global:\n  pagerduty_url: ${receiverUrl}/pager`],
    ]);
    await writeFile(path.join(folder, 'alertmanager.yml'), text);
  }

  async #start(): Promise<void> {
    const { tools, factor } = this.options;
    const { prometheus, alertmanager } = this.ports;
    await this.#launch(
      tools.alertmanager,
      [
        `--config.file=${this.folder}/alertmanager/alertmanager.yml`,
        `--storage.path=${this.folder}/alertmanager/data`,
        `--web.listen-address=127.0.0.1:${alertmanager}`,
        '--cluster.listen-address=',
      ],
      tools.alertmanagerCwd,
    );
    await this.#ready(`http://127.0.0.1:${alertmanager}/-/ready`);
    await this.#launch(tools.prometheus, [
      `--config.file=${this.folder}/prometheus/prometheus.yml`,
      `--storage.tsdb.path=${this.folder}/prometheus/data`,
      `--web.listen-address=127.0.0.1:${prometheus}`,
      // Their defaults are 1 min and 5 min; they run as much faster as all the rest.
      `--rules.alert.resend-delay=${Math.ceil(60_000 / factor)}ms`,
      `--query.lookback-delta=${Math.ceil(300_000 / factor)}ms`,
    ]);
    await this.#ready(`http://127.0.0.1:${prometheus}/-/ready`);
  }

  async #launch(command: string, words: readonly string[], cwd?: string): Promise<void> {
    const [program, all] = await dieWithParent('KILL', command, words);
    const child = spawn(program, all, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#words.push(...text.trim().split('\n')));
    this.#children.push(child);
  }

  async #ready(url: string): Promise<void> {
    const asked = async (): Promise<boolean> => (await fetch(url).catch(() => null))?.status === 200;
    await until(asked, { deadlineMs: START_MS, what: `${url} to answer` });
  }
}

/** @throws Error where there is nothing to replace: the shipped file has changed, and the test with it must */
function replaced(text: string, pairs: readonly (readonly [RegExp | string, string])[]): string {
  return pairs.reduce((before, [what, by]) => {
    const after = before.replace(what, by);
    if (after === before) throw new Error(`${String(what)} is not in the shipped configuration`);
    return after;
  }, text);
}
